use serde_json::{Value, json};

use super::*;
use crate::Provider;

fn read(sandbox: Value) -> Result<Sandbox, Vec<String>> {
    let document = json!({
        "id": "bc", "adapter": "spawn-cli", "models": ["bc"], "sandbox": sandbox,
    });
    let read = Provider::from_document(&document);
    let read =
        read.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    read.map(|provider| provider.sandbox.unwrap_or_default())
}

#[test]
fn a_text_is_a_driver_and_nothing_is_the_ordinary() {
    assert_eq!(read(json!("gvisor")).unwrap().driver, Some("gvisor"));
    assert_eq!(read(json!(null)).unwrap(), Sandbox::default());
    assert_eq!(read(json!({})).unwrap(), Sandbox::default());
}

#[test]
fn a_table_is_read_with_all_its_members() {
    let sandbox = read(json!({
        "driver": "native",
        "layers": ["landlock", "memory-group"],
        "digest": format!("sha256:{}", "0A".repeat(32)),
        "package": "bc=1:1.07.1-3+b1",
        "read_only": ["/opt/tool", "/etc/ssl"],
        "directory": "/opt/tool/work",
        "credential": "file",
        "network": ["API.example.com:443", "127.0.0.1:8080", "[::1]:80"],
        "max_scratch_bytes": 1024, "max_concurrent": 2, "max_queued": 0,
    }));
    let host = |host: &str, port| FarHost { host: host.to_owned(), port };
    let expected = Sandbox {
        driver: Some("native"),
        layers: vec!["landlock".to_owned(), "memory-group".to_owned()],
        digest: Some([10; 32]),
        package: Some(DebianPackage {
            name: "bc".to_owned(),
            version: Some("1:1.07.1-3+b1".to_owned()),
        }),
        read_only: vec!["/opt/tool".into(), "/etc/ssl".into()],
        directory: Some("/opt/tool/work".into()),
        credential: CredentialWay::File,
        network: vec![host("api.example.com", 443), host("127.0.0.1", 8080), host("::1", 80)],
        max_scratch_bytes: Some(1024),
        max_concurrent: Some(2),
        max_queued: Some(0),
    };
    assert_eq!(sandbox, Ok(expected));
}

#[test]
fn what_is_wrong_is_named_with_its_member_and_a_fix() {
    for (sandbox, expected) in [
        (json!("nativ"), "sandbox: unknown value \"nativ\"; did you mean \"native\"?"),
        (json!(true), "sandbox: must be a table, but is true or false; write a table"),
        (json!({"layer": []}), "sandbox.layer: unknown member \"layer\"; did you mean \"layers\"?"),
        (
            json!({"layers": ["landlock", "landlock"]}),
            "sandbox.layers: names \"landlock\" twice; name it once",
        ),
        (
            json!({"digest": "sha256:12"}),
            "sandbox.digest: must be \"sha256:\" and 64 hexadecimal digits; `sha256sum` prints them",
        ),
        (
            json!({"package": "Bc"}),
            "sandbox.package: is no name of a Debian package; write \"bc\", or \"bc=1.07.1-3\" for one version",
        ),
        (
            json!({"package": "../bc"}),
            "sandbox.package: is no name of a Debian package; write \"bc\", or \"bc=1.07.1-3\" for one version",
        ),
        (
            json!({"read_only": ["/opt", "opt"]}),
            "sandbox.read_only[1]: is no absolute path without \"..\"; write one like \"/opt/tool\"",
        ),
        (
            json!({"directory": "/opt/../etc"}),
            "sandbox.directory: is no absolute path without \"..\"; write one like \"/opt/tool\"",
        ),
        (
            json!({"credential": "argument"}),
            "sandbox.credential: unknown value \"argument\"; use one of: variable, file",
        ),
        (
            json!({"network": ["*.example.com:443"]}),
            "sandbox.network[0]: is no far end; write \"api.example.com:443\", an IPv6 address in brackets",
        ),
        (
            json!({"max_concurrent": 0}),
            "sandbox.max_concurrent: 0 is out of range; use a number from 1 to 10000",
        ),
    ] {
        assert_eq!(read(sandbox), Err(vec![expected.to_owned()]));
    }
}

#[test]
fn a_far_end_is_a_host_and_a_port() {
    for wrong in ["", "a", "a:", ":1", "a:0", "a:65536", "http://a:1", "a b:1", "::1:80", "[a]:1"] {
        assert!(wrong.parse::<FarHost>().is_err(), "{wrong}");
    }
}

#[test]
fn a_preset_can_ask_for_more_confinement_but_not_for_less() {
    let wishes = json!({"layers": ["network"], "package": "bc", "max_scratch_bytes": 0});
    assert_eq!(Sandbox::of_preset(&wishes).unwrap().max_scratch_bytes, Some(0));
    for wishes in [
        json!({"network": ["a.example:1"]}),
        json!({"read_only": ["/etc"]}),
        json!({"directory": "/"}),
        json!({"driver": "basic"}),
        json!({"drivers": 1}),
        json!("native"),
    ] {
        assert!(Sandbox::of_preset(&wishes).is_err(), "{wishes}");
    }
}
