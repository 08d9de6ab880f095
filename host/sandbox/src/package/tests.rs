use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// MD5 of `calculator` and a line end.
const DIGEST: &str = "36a1a8ee1c2b0a0ad6b3e5a3d1b8b1ef";

const STATUS: &str = "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
    Package: bc\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.07-3\n\
    Description: a calculator\n Version: no member, a line of the text\n\n\
    Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\n";

/// A system with one program, which is reached by two paths.
struct System(TempDir);

impl System {
    fn new() -> Self {
        let system = Self(tempfile::tempdir().unwrap());
        for directory in ["usr/bin", "records/info"] {
            fs::create_dir_all(system.path(directory)).unwrap();
        }
        symlink("usr/bin", system.path("bin")).unwrap();
        fs::write(system.path("usr/bin/bc"), "calculator\n").unwrap();
        fs::write(system.path("records/status"), STATUS).unwrap();
        system.own("bc", "bin/bc");
        system
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Writes the records of a package that has one file.
    fn own(&self, package: &str, file: &str) {
        let listed = self.path(file);
        let listed = listed.to_str().unwrap();
        let digest = digest(&self.path("usr/bin/bc")).unwrap();
        let info = self.path("records/info");
        fs::write(info.join(format!("{package}.list")), format!("/.\n/usr\n{listed}\n")).unwrap();
        let sums = format!("{DIGEST}  usr/share/doc/bc\n{digest}  {}\n", &listed[1..]);
        fs::write(info.join(format!("{package}.md5sums")), sums).unwrap();
    }

    fn verify(&self, demand: &str) -> Result<(), String> {
        let (name, version) = demand.split_once('=').unwrap_or((demand, ""));
        let version = Some(version).filter(|it| !it.is_empty()).map(str::to_owned);
        let demand = PackageDemand { name: name.to_owned(), version };
        let verified = demand.verify_by(&self.path("records"), &self.path("bin/bc"));
        verified.map_err(|problem| problem.to_string())
    }
}

#[test]
fn a_program_that_the_package_installed_is_good_whatever_path_names_it() {
    let system = System::new();
    assert_eq!(system.verify("bc"), Ok(()));
    assert_eq!(system.verify("bc=1.07-3"), Ok(()));
    system.own("libc6:amd64", "usr/bin/bc");
    assert_eq!(system.verify("libc6"), Ok(()));
}

#[test]
fn what_is_not_so_is_said_with_what_to_do() {
    for (demand, words) in [
        ("bc=1.07-4", "installed in version 1.07-3 and not in 1.07-4; install that version"),
        ("gone", "is not installed; install it"),
        ("none", "is not installed; install it"),
        ("libc6", "cannot be read"),
    ] {
        let problem = System::new().verify(demand).unwrap_err();
        assert!(problem.contains(words), "{demand}: {problem}");
    }
    let system = System::new();
    fs::write(system.path("usr/bin/other"), "x").unwrap();
    system.own("bc", "usr/bin/other");
    let problem = system.verify("bc").unwrap_err();
    assert!(problem.contains("does not own"), "{problem}");
}

#[test]
fn a_program_that_was_changed_is_refused() {
    let system = System::new();
    fs::write(system.path("usr/bin/bc"), "another\n").unwrap();
    let problem = system.verify("bc").unwrap_err();
    assert!(problem.contains("is not as the package bc installed it"), "{problem}");
}
