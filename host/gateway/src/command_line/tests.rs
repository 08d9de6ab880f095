use super::*;

/// What clap says of a line of words.
fn parse(line: &str) -> Result<CommandLine, ErrorKind> {
    let words = ["patchbay"].into_iter().chain(line.split_whitespace());
    CommandLine::try_parse_from(words).map_err(|error| error.kind())
}

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

#[test]
fn every_command_can_be_typed() {
    for line in [
        "token --role viewer",
        "token --role admin --ttl 30m --subject ci --config gw.toml",
        "key create",
        "key create --id laptop --name Laptop --owner ann --tag a --tag b --expires 30d --model m-* \
         --endpoint /v1/* --requests-per-minute 1 --tokens-per-minute 2 --max-concurrent-requests 3",
        "key list --json --limit 10",
        "key show laptop",
        "key update laptop --state disabled --clear expires --if-match 7",
        "key revoke laptop --url https://gw.example.com",
        "key delete laptop --if-match *",
        "provider list",
        "provider show main",
        "provider create --file - ",
        "provider create --file p.toml --slot api_key",
        "provider replace main --file p.json --if-match 7",
        "provider patch main --file -",
        "provider test main --json",
        "provider rotate main --slot api_key --grace 10m --no-verify",
        "provider rollback main",
        "provider delete main",
        "route list",
        "route show org/smart",
        "route create smart --candidate main/gpt-4o:3 --candidate other/model",
        "route create --file route.toml",
        "route replace smart --candidate main/gpt-4o",
        "route patch smart --file -",
        "route delete smart",
        "plugin list",
        "plugin show my-cloud --json",
        "plugin approve my-cloud",
        "plugin approve my-cloud 1.1.0 --if-match 7",
        "plugin pin my-cloud",
        "plugin unpin my-cloud",
        "plugin rollback my-cloud",
        "plugin rollback my-cloud 9f86d081",
        "plugin canary my-cloud 1.1.0 --share 5% --promote-after 1000 --tolerance 0.5%",
        "plugin promote my-cloud",
        "plugin rollout my-cloud immediate",
        "plugin rollout my-cloud 12.5% --promote-after 100",
        "plugin remove my-cloud --if-match *",
        "plugin install a.wasm --start 5% --promote-after 100",
        "plugin new my-cloud --language python --kind provider --into d --sdk s",
        "plugin build",
        "plugin build d --out o",
        "plugin check a.wasm b.wasm --json",
        "plugin test",
        "plugin bench a.wasm --json",
        "plugin inspect a.wasm",
        "plugin keygen",
        "plugin keygen my.key --no-password",
        "plugin sign a.wasm --key my.key",
        "plugin install a.wasm --signature a.minisig --json",
        "plugin dev d",
        "audit list --limit 5 --actor ann --action route.create --noun route --id smart --since 24h",
        "audit export --until 2027-01-01",
        "usage --from 7d --to 2027-01-01 --group-by api_key,day",
        "status --json",
        "master-key show",
        "master-key rotate",
        "backup --output b.backup",
        "restore --input b.backup --config gw.toml",
        "migrate",
        "openapi",
        "openapi --json",
    ] {
        assert_eq!(parse(line).err(), None, "{line}");
    }
}

#[test]
fn what_is_not_well_formed_is_wrong_usage() {
    for (line, kind) in [
        ("token", ErrorKind::MissingRequiredArgument),
        ("token --role root", ErrorKind::InvalidValue),
        ("token --role admin --ttl soon", ErrorKind::ValueValidation),
        ("key create --id Laptop", ErrorKind::ValueValidation),
        ("key create --expires never", ErrorKind::ValueValidation),
        ("key update laptop --state revoked", ErrorKind::InvalidValue),
        ("key show ../x", ErrorKind::ValueValidation),
        ("key list --limit 0", ErrorKind::ValueValidation),
        ("key list --url gw", ErrorKind::ValueValidation),
        ("key list --token x", ErrorKind::UnknownArgument),
        ("key digest --json", ErrorKind::UnknownArgument),
        ("provider create", ErrorKind::MissingRequiredArgument),
        ("provider rotate main", ErrorKind::MissingRequiredArgument),
        ("provider rotate main --slot api_key sk-1", ErrorKind::UnknownArgument),
        ("provider delete main --if-match x", ErrorKind::ValueValidation),
        ("route create smart", ErrorKind::MissingRequiredArgument),
        ("route create smart --candidate gpt-4o", ErrorKind::ValueValidation),
        ("route create smart --candidate a/b --file x", ErrorKind::ArgumentConflict),
        ("usage --group-by colour", ErrorKind::InvalidValue),
        ("plugin new My_Cloud", ErrorKind::ValueValidation),
        ("plugin new my-cloud --language go", ErrorKind::InvalidValue),
        ("plugin check", ErrorKind::MissingRequiredArgument),
        ("plugin sign a.wasm", ErrorKind::MissingRequiredArgument),
        ("plugin sign a.wasm --key k --password p", ErrorKind::UnknownArgument),
        ("backup", ErrorKind::MissingRequiredArgument),
    ] {
        assert_eq!(parse(line).err(), Some(kind), "{line}");
    }
}
