//! Programs that mean well.

use super::program::{OTHERS, PLACE, attempt, call, finish, is_shown, policy, run, strong_drivers};
use sandbox::{
    Credential, CredentialSlot, DriverName, Layer, ProgramCall, ProgramDigest, SpawnProblem,
};

#[test]
fn this_machine_has_at_least_one_strong_driver() {
    assert!(!strong_drivers().is_empty());
}

/// What a machine is said to have: drivers of `SANDBOX_DRIVERS`, and layers of `SANDBOX_LAYERS` in
/// each strong driver that works. Divided by spaces; without the variables nothing is said.
#[test]
fn this_machine_has_what_it_is_said_to_have() {
    fn said<T: std::str::FromStr<Err = String>>(variable: &str) -> Vec<T> {
        let words = std::env::var(variable).unwrap_or_default();
        words.split_whitespace().map(|word| word.parse().unwrap()).collect()
    }
    let _others = OTHERS.read().unwrap();
    let works: Vec<_> = strong_drivers().into_iter().map(|driver| driver.report()).collect();
    works.iter().filter(|_| is_shown()).for_each(|report| eprintln!("works: {report}"));
    for driver in said::<DriverName>("SANDBOX_DRIVERS") {
        assert!(works.iter().any(|report| report.driver == driver), "{driver} does not work");
    }
    for layer in said::<Layer>("SANDBOX_LAYERS") {
        let without = works.iter().find(|report| !report.has(layer));
        assert!(without.is_none(), "without {layer}: {}", without.unwrap());
    }
}

#[test]
fn output_input_and_status_are_the_programs() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let name = driver.report().driver;
        let outcome =
            run(driver, &policy(), &call("/bin/sh", &["-c", "echo out; echo err >&2; exit 3"]));
        assert_eq!(outcome.stdout, "out\n", "{name}: {outcome:?}");
        assert_eq!(outcome.stderr, "err\n", "{name}");
        assert_eq!(outcome.status.code(), Some(3), "{name}");
        let mut cat = call("/bin/cat", &[]);
        cat.feeds_stdin = true;
        let text = "0123456789abcdef".repeat(20_000);
        let mut running = driver.spawn(&policy(), &cat).unwrap();
        assert_eq!(finish(&mut running, text.as_bytes()).stdout, text, "{name}");
    }
}

#[test]
fn arguments_arrive_as_they_are() {
    let arguments =
        ["--help", "-v", "", "a\nb\r\t", "$(id) `id` ; ls | cat > x", "../..", "é\u{1b}[0m"];
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let all: Vec<_> = ["print-arguments"].iter().chain(&arguments).copied().collect();
        let outcome = run(driver, &policy(), &attempt(&all));
        let expected: String = arguments.iter().map(|text| format!("{text:?}\n")).collect();
        assert_eq!(outcome.stdout, expected, "{}: {outcome:?}", driver.report().driver);
    }
}

#[test]
fn the_environment_is_the_calls_and_the_credential() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let name = driver.report().driver;
        let mut env = call("/usr/bin/env", &[]);
        env.environment = vec![("LANG".into(), "C".into()), ("EMPTY".into(), "".into())];
        let slot = CredentialSlot::Variable("KEY".to_owned());
        env.credential = Some(Credential { slot, secret: "sk-1 \"x\"\n".to_owned() });
        let outcome = run(driver, &policy(), &env);
        // What the tools set themselves.
        let own = ["PWD=", "HOME=", "HOSTNAME=", "container="];
        let is_given = |line: &&str| !own.iter().any(|own| line.starts_with(own));
        let mut lines: Vec<_> = outcome.stdout.lines().filter(is_given).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["", "EMPTY=", "KEY=sk-1 \"x\"", "LANG=C"], "{name}: {outcome:?}");
    }
}

#[test]
fn a_credential_can_be_a_file_that_only_the_program_reads() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let script = "read -r key < \"$KEY_FILE\"; echo \"$key\"; : > \"$KEY_FILE\"";
        let mut shell = call("/bin/sh", &["-c", script]);
        let slot = CredentialSlot::File("KEY_FILE".to_owned());
        shell.credential = Some(Credential { slot, secret: "sk-2\n".to_owned() });
        let outcome = run(driver, &policy(), &shell);
        assert_eq!(outcome.stdout, "sk-2\n", "{}: {outcome:?}", driver.report().driver);
        assert!(!outcome.status.success());
    }
}

#[test]
fn a_run_has_an_empty_private_directory() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let shell = call("/bin/sh", &["-c", "pwd; ls -A; echo x > y && cat y; ls -A /"]);
        let outcome = run(driver, &policy(), &shell);
        assert!(outcome.stdout.starts_with("/tmp\nx\n"), "{}: {outcome:?}", driver.report().driver);
        assert!(!outcome.stdout.contains("root"), "{outcome:?}");
    }
}

#[test]
fn a_program_that_is_not_there_or_another_one_is_not_run() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let missing = driver.spawn(&policy(), &call("/usr/bin/nothing", &[]));
        assert!(matches!(missing, Err(SpawnProblem::Program(_))), "{}", driver.report().driver);
        let mut strict = policy();
        strict.digest = Some(ProgramDigest::new([7; 32]));
        let other = driver.spawn(&strict, &call("/usr/bin/env", &[]));
        assert!(matches!(other, Err(SpawnProblem::Digest { .. })), "{}", driver.report().driver);
    }
}

#[test]
fn input_arrives_as_it_is_with_nuls_and_newlines() {
    let _others = OTHERS.read().unwrap();
    let input = "a\0b\n\n--help\r\n\0";
    for driver in strong_drivers() {
        let mut cat = call("/bin/cat", &[]);
        cat.feeds_stdin = true;
        let mut running = driver.spawn(&policy(), &cat).unwrap();
        let outcome = finish(&mut running, input.as_bytes());
        assert_eq!(outcome.stdout, input, "{}: {outcome:?}", driver.report().driver);
    }
}

#[test]
fn without_input_standard_input_is_empty() {
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        let outcome = run(driver, &policy(), &call("/bin/cat", &[]));
        assert_eq!(outcome.stdout, "", "{}: {outcome:?}", driver.report().driver);
        assert!(outcome.status.success());
    }
}

#[test]
fn a_nul_in_what_cannot_hold_one_is_refused_before_anything_runs() {
    let changes: [fn(&mut ProgramCall); 4] = [
        |call| call.arguments.push("a\0b".into()),
        |call| call.environment.push(("A".into(), "a\0PATH=/tmp".into())),
        |call| call.environment.push(("A\0B".into(), "a".into())),
        |call| {
            let slot = CredentialSlot::Variable("KEY".to_owned());
            call.credential = Some(Credential { slot, secret: "sk\0".to_owned() });
        },
    ];
    let _others = OTHERS.read().unwrap();
    for driver in strong_drivers() {
        for change in changes {
            let mut call = call("/bin/echo", &[]);
            change(&mut call);
            let refused = driver.spawn(&policy(), &call);
            assert!(matches!(refused, Err(SpawnProblem::Program(_))), "{}", driver.report().driver);
        }
    }
}

#[test]
fn what_cannot_be_run_as_a_program_ends_as_a_shell_would_say_it() {
    let _others = OTHERS.read().unwrap();
    let broken = PLACE.join("broken");
    std::fs::write(&broken, "#!/nothing/here\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&broken, mode).unwrap();
    for driver in strong_drivers() {
        let name = driver.report().driver;
        match driver.spawn(&policy(), &call(broken.to_str().unwrap(), &[])) {
            // The native one sees it before it says that the program runs.
            Err(SpawnProblem::Program(_)) => {}
            Err(problem) => panic!("{name}: {problem}"),
            Ok(mut running) => {
                let status = finish(&mut running, b"").status;
                let expected = if name == DriverName::Bubblewrap { 1 } else { 127 };
                assert_eq!(status.code(), Some(expected), "{name}");
            }
        }
    }
}

/// The same table where the gateway has no rights: it is run once more as another user.
#[test]
fn a_gateway_that_is_not_root_has_drivers_that_keep_the_table() {
    const USER: u32 = 61_234;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let _others = OTHERS.read().unwrap();
    let mut again = std::process::Command::new(PLACE.join("attempt"));
    std::os::unix::process::CommandExt::gid(&mut again, USER);
    std::os::unix::process::CommandExt::uid(&mut again, USER);
    again.args(["escapes::every_escape_is_refused", "--nocapture"]);
    let output = again.current_dir("/").env("RUST_BACKTRACE", "0").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{complaints}");
    assert!(!text.contains(" 0 passed"), "{text}");
}
