use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn bounds() -> Bounds {
    Bounds { bytes: 8000, exchanges: 80, age: 80 * HOUR }
}

fn at(hours: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000) + HOUR * hours
}

/// Lines of all files, and all their bytes.
fn kept(directory: &Path) -> (Vec<String>, u64) {
    let mut lines = Vec::new();
    let mut bytes = 0;
    for file in files_in(directory).unwrap() {
        let text = fs::read_to_string(&file).unwrap();
        bytes += text.len() as u64;
        lines.extend(text.lines().map(str::to_owned));
    }
    (lines, bytes)
}

fn line(number: usize, length: usize) -> Vec<u8> {
    let mut line = format!("{number:0length$}").into_bytes();
    line.push(b'\n');
    line
}

#[test]
fn what_is_put_is_there_for_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("data/recordings");
    let mut shelf = Shelf::open(&directory, bounds()).unwrap();
    assert!(shelf.put(&line(1, 5), at(0)).unwrap());
    assert!(shelf.put(&line(2, 5), at(0)).unwrap());
    let files = files_in(&directory).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(kept(&directory).0, ["00001", "00002"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&files[0])), (0o700, 0o600));
}

#[test]
fn a_directory_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let problem = Shelf::open(folder.path(), bounds()).err().unwrap().to_string();
    assert_eq!(problem, "can be read by others (mode 755); take that from them with chmod 700");
}

#[test]
fn bytes_and_exchanges_stay_within_their_bounds_and_the_newest_are_kept() {
    for (length, most) in [(99, 80), (500, 15), (10, 80)] {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("r");
        let mut shelf = Shelf::open(&directory, bounds()).unwrap();
        for number in 0..300 {
            assert!(shelf.put(&line(number, length), at(0)).unwrap());
            let (lines, bytes) = kept(&directory);
            assert!(bytes <= 8000 && lines.len() <= most, "{bytes} {}", lines.len());
            assert!(lines.len() >= (number + 1).min(most * 3 / 4), "{number}: {}", lines.len());
            assert!(lines.last().unwrap().ends_with(&number.to_string()));
        }
    }
}

#[test]
fn a_line_that_is_larger_than_everything_may_be_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("r");
    let mut shelf = Shelf::open(&directory, bounds()).unwrap();
    shelf.put(&line(1, 10), at(0)).unwrap();
    assert!(!shelf.put(&line(2, 8000), at(0)).unwrap());
    assert!(shelf.put(&line(3, 7999), at(0)).unwrap());
    assert_eq!(kept(&directory).0.len(), 1, "the largest there may be leaves no room");
}

#[test]
fn nothing_is_older_than_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("r");
    let mut shelf = Shelf::open(&directory, bounds()).unwrap();
    for hour in 0..20 {
        shelf.put(&line(hour as usize, 5), at(hour)).unwrap();
    }
    shelf.expire(at(79));
    assert_eq!(kept(&directory).0.len(), 20);
    shelf.expire(at(80));
    assert_eq!(kept(&directory).0.first().map(String::as_str), Some("00010"));
    shelf.expire(at(100));
    assert_eq!(kept(&directory).0.len(), 0);
}

#[test]
fn files_of_earlier_runs_count_and_are_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("r");
    let mut shelf = Shelf::open(&directory, bounds()).unwrap();
    for number in 0..75 {
        shelf.put(&line(number, 5), at(0)).unwrap();
    }
    // As a crash in the middle of a line leaves it.
    let last = files_in(&directory).unwrap().pop().unwrap();
    let mut file = OpenOptions::new().append(true).open(&last).unwrap();
    file.write_all(b"half").unwrap();
    drop(shelf);
    fs::write(directory.join("notes.txt"), "not ours").unwrap();
    let mut shelf = Shelf::open(&directory, bounds()).unwrap();
    assert_eq!(shelf.exchanges(), 76);
    for number in 100..110 {
        shelf.put(&line(number, 5), at(1)).unwrap();
    }
    let (lines, _) = kept(&directory);
    assert!(lines.len() <= 80 && lines.contains(&"half".to_owned()), "{lines:?}");
    assert_eq!(lines.last().unwrap(), "00109");
    assert!(directory.join("notes.txt").exists());
}
