//! What operators name: files, directories, and the one that a program begins in.

use super::components::component;
use super::*;

/// A directory with files, as core modules and components see it.
struct Named {
    bench: Bench,
    place: PathBuf,
}

impl Named {
    fn new() -> Self {
        let bench = Bench::new();
        let place = bench.folder.path().join("place");
        fs::create_dir_all(place.join("sub")).unwrap();
        for name in ["a.json", "b.json", "secret", "sub/c.json"] {
            fs::write(place.join(name), format!("<{name}>")).unwrap();
        }
        Self { bench, place }
    }

    fn paths(&self, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| self.place.join(name)).collect()
    }

    /// What a program says that is given these, as a module and as a component.
    async fn say(&self, names: &[&str], module: &[u8]) -> [(String, Option<Failure>); 2] {
        let change = |it: &mut ProcessTarget| it.sandbox.read_only = self.paths(names);
        self.say_with(change, module).await
    }

    async fn say_with(
        &self,
        change: impl Fn(&mut ProcessTarget),
        module: &[u8],
    ) -> [(String, Option<Failure>); 2] {
        let mut said = [const { (String::new(), None) }; 2];
        for (said, program) in said.iter_mut().zip([module, &component(module)]) {
            let exchange = with_target(self.bench.exchange(program), &change);
            let (output, failure) = self.bench.run(exchange).await;
            *said = (String::from_utf8_lossy(&output).into_owned(), failure);
        }
        said
    }
}

#[tokio::test]
async fn a_named_file_is_seen_where_it_is_and_nothing_beside_it() {
    let named = Named::new();
    let files = ["b.json", "a.json", "sub/c.json", "a.json"];
    let place = named.place.to_str().unwrap();
    for (said, failure) in named.say(&files, &guests::name(4, place.len())).await {
        assert_eq!((said.as_str(), failure.is_none()), (place, true), "{failure:?}");
    }
    for (path, directory) in [("a.json", 4), ("b.json", 4), ("c.json", 5)] {
        for (said, failure) in named.say(&files, &guests::show(path, directory, 0)).await {
            assert!(failure.is_none() && said.contains(path), "{path}: {said} {failure:?}");
        }
    }
    for (said, failure) in named.say(&files, &guests::list(4)).await {
        assert!(failure.is_none(), "{failure:?}");
        assert!(said.contains("a.json") && said.contains("b.json"), "{said}");
        assert!(!said.contains("secret") && !said.contains("sub"), "{said}");
    }
    assert!(named.bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn what_is_beside_a_named_file_is_not_reached_and_the_file_not_changed() {
    let named = Named::new();
    let refused = [
        ("another file", "secret", 0),
        ("by dots", "../tmp", 0),
        ("the original's directory", "../../place/secret", 0),
        ("a new file", "new", 1),
        ("a file to write", "a.json", 8),
    ];
    for (what, path, flags) in refused {
        for (said, failure) in named.say(&["a.json"], &guests::show(path, 4, flags)).await {
            assert!(said.is_empty(), "{what}: {said}");
            assert!(failure.unwrap().message().contains("status "), "{what}");
        }
    }
    assert_eq!(fs::read_to_string(named.place.join("a.json")).unwrap(), "<a.json>");
    // A directory that is named shows all of it, and a file in it changes nothing.
    for names in [[".", "a.json"], ["a.json", "."]] {
        for (said, failure) in named.say(&names, &guests::show("secret", 4, 0)).await {
            assert_eq!(said, "<secret>", "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_given_is_named_and_nothing_runs() {
    let named = Named::new();
    let large = named.place.join("large");
    fs::write(&large, vec![b'x'; 100_000]).unwrap();
    let cases = [
        (named.place.join("absent"), "No such file"),
        (large.clone(), "max_scratch_bytes"),
        ("/dev/null".into(), "neither a directory nor a file"),
        ("/proc/self/environ".into(), "changed while"),
        ("/tmp/file".into(), "the program's own"),
        ("/tmp".into(), "the program's own"),
        ("/run/credentials/key".into(), "the program's own"),
        (named.place.join("sub/../secret"), "without"),
        ("relative".into(), "absolute"),
    ];
    for (path, words) in cases {
        let change = |it: &mut ProcessTarget| {
            it.sandbox.max_scratch_bytes = 100_000;
            it.sandbox.read_only = vec![path.clone()];
        };
        for (said, failure) in named.say_with(change, &guests::says_and("")).await {
            let failure = failure.unwrap_or_else(|| panic!("{path:?} was given"));
            assert_eq!(failure.kind(), FailureKind::ProviderMisconfigured);
            let told = told(&failure);
            assert!(told.contains(&format!("{path:?}")) && told.contains(words), "{told}");
            assert!(said.is_empty());
        }
    }
    let room = |it: &mut ProcessTarget| it.sandbox.read_only = vec![large.clone()];
    for (said, failure) in named.say_with(room, &guests::show("large", 4, 0)).await {
        assert!(failure.is_none() && said.len() == 100_000, "{} {failure:?}", said.len());
    }
    assert!(named.bench.left_behind().await.is_empty());
}

#[tokio::test]
async fn a_program_begins_in_the_directory_that_is_named() {
    let named = Named::new();
    // What is named, where it begins, a file there, and whether it may write there.
    let cases = [
        (".", named.place.clone(), "a.json", false),
        (".", named.place.join("sub"), "c.json", false),
        ("a.json", named.place.clone(), "a.json", false),
        ("a.json", "/tmp".into(), "new", true),
    ];
    for (name, directory, file, writes) in cases {
        let change = |it: &mut ProcessTarget| {
            it.sandbox.read_only = vec![named.place.join(name)];
            it.sandbox.directory = Some(directory.clone());
        };
        let dot = named.say_with(change, &guests::name(5, 1)).await;
        assert!(dot.iter().all(|(said, _)| said == "."), "{dot:?}");
        let read = named.say_with(change, &guests::show(file, 5, u32::from(writes))).await;
        for (said, failure) in read {
            assert!(failure.is_none(), "{directory:?}: {failure:?}");
            assert_eq!(said.is_empty(), writes, "{directory:?}");
        }
        let made = named.say_with(change, &guests::show("made", 5, 1)).await;
        assert!(made.iter().all(|(_, failure)| failure.is_none() == writes), "{made:?}");
        let begins = Bench::exchange(&named.bench, &sockets::begins());
        let (said, failure) = named.bench.run(with_target(begins, change)).await;
        assert_eq!(String::from_utf8_lossy(&said), directory.to_str().unwrap(), "{failure:?}");
    }
}
