//! Files that change, on the real file system. Runs on Linux, and under wine for Windows.
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

use auroraview_link::FileWatch;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that goes with the test, and a watcher.
struct Place {
    folder: PathBuf,
    watch: FileWatch,
    nudges: Receiver<()>,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("auroraview-files-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = fs::canonicalize(folder).unwrap();
        let (sender, nudges) = channel();
        let watch = FileWatch::start(move || _ = sender.send(())).unwrap();
        Self { folder, watch, nudges }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// What changed until `last` did.
    fn until(&self, last: &Path) -> BTreeSet<PathBuf> {
        let mut all = BTreeSet::new();
        while !all.contains(last) {
            match self.nudges.recv_timeout(PATIENCE) {
                Ok(()) => all.extend(self.watch.take()),
                Err(RecvTimeoutError::Timeout) => panic!("{} did not come; so far {all:?}", last.display()),
                Err(RecvTimeoutError::Disconnected) => panic!("the watcher has ended"),
            }
        }
        all
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_file_is_told_when_its_content_changed_and_its_neighbours_are_not() {
    let place = Place::new("content");
    let (file, other) = (place.write("a.py", "1"), place.write("b.py", "1"));
    place.watch.watch(&file).unwrap();
    place.watch.watch(&other).unwrap();
    place.write("c.py", "not watched");
    place.write("a.py", "1"); // the same again
    place.write("b.py", "2");
    assert_eq!(place.until(&other), BTreeSet::from([other]));
    place.write("a.py", "2");
    assert_eq!(place.until(&file), BTreeSet::from([file]));
}

#[test]
fn an_editor_that_replaces_a_file_changes_it_once() {
    let place = Place::new("replaced");
    let (file, end) = (place.write("a.py", "1"), place.write("end", ""));
    place.watch.watch(&file).unwrap();
    place.watch.watch(&end).unwrap();
    for text in ["2", "3"] {
        fs::rename(place.write("a.py.new", text), &file).unwrap();
        assert_eq!(place.until(&file), BTreeSet::from([file.clone()]));
    }
    fs::remove_file(&file).unwrap();
    place.write("a.py", "3"); // back, as it was
    place.write("end", "now");
    assert_eq!(place.until(&end), BTreeSet::from([end]));
}

#[test]
fn a_folder_is_watched_with_all_that_comes_into_it_but_hidden_files() {
    let place = Place::new("folder");
    place.watch.watch(&place.folder).unwrap();
    place.write(".hidden", "x");
    let style = place.write("style.css", "a");
    let seen = place.until(&style);
    assert!(!seen.contains(&place.path(".hidden")), "{seen:?}");
    fs::remove_file(&style).unwrap();
    place.until(&style);
}

#[test]
#[cfg_attr(windows, ignore = "wine tells nothing of folders that were there before the watch")]
fn a_folder_is_watched_with_the_folders_in_it() {
    let place = Place::new("folders");
    fs::create_dir(place.path("css")).unwrap();
    place.watch.watch(&place.folder).unwrap();
    let style = place.write("css/style.css", "a");
    place.until(&style);
    fs::remove_file(&style).unwrap();
    place.until(&style);
}

#[test]
fn what_is_not_there_cannot_be_watched() {
    let place = Place::new("absent");
    assert!(place.watch.watch(&place.path("absent")).is_err());
}

#[test]
fn a_watcher_ends_with_its_owner() {
    let Place { folder, watch, nudges } = &Place::new("owner");
    watch.watch(folder).unwrap();
    let (sender, ended) = channel::<()>();
    let own = FileWatch::start(move || _ = sender.send(())).unwrap();
    own.watch(folder).unwrap();
    drop(own);
    assert_eq!(ended.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    assert!(nudges.try_recv().is_err());
}
