//! Which of the watched files changed, without looking at them again and again: the system tells, a thread of `notify`
//! notes it and nudges the owner, and the owner asks when it has time.

use crate::platform;
use auroraview_core::lock::{OrderedMutex, RESOURCE, STATE};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::SystemTime;

/// Larger files are told apart by length and time, not by what is in them.
const COMPARED: u64 = 1 << 20;

/// Watches files and folders until it is dropped. Any thread.
#[derive(Debug)]
pub struct FileWatch {
    shared: Arc<Shared>,
    /// Level 3 (Resource). Held while the system is told of another path.
    system: OrderedMutex<RecommendedWatcher, RESOURCE>,
}

struct Shared {
    /// Level 4 (State): a few lines; files are read, and the owner is nudged, without it.
    state: OrderedMutex<State, STATE>,
    nudge: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug, Default)]
struct State {
    /// Files by their real path and by the path that was given; and how they were called.
    files: HashMap<PathBuf, PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// What was in a file when it was looked at last.
    prints: HashMap<PathBuf, Print>,
    touched: BTreeSet<PathBuf>,
}

/// What is compared of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Print {
    Content { length: u64, hash: u64 },
    Stamp { length: u64, modified: Option<SystemTime> },
}

impl FileWatch {
    /// Watches nothing yet. `nudge` is called on a thread of the watcher when something may have changed; it must do no
    /// more than wake somebody.
    pub fn start(nudge: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: OrderedMutex::default(), nudge: Box::new(nudge) });
        let heard = Arc::clone(&shared);
        let (sender, made) = channel();
        // The watcher's thread gets its signal mask from the one that makes it: signals of the host must not reach it.
        platform::start_thread("watch-start", move || {
            let config = Config::default().with_follow_symlinks(false);
            let _ = sender.send(RecommendedWatcher::new(move |event| heard.note(event), config));
        })?;
        let system = made.recv().map_err(io::Error::other)?.map_err(io::Error::other)?;
        Ok(Self { shared, system: OrderedMutex::new(system) })
    }

    /// Watches one more path: a file by its content, a folder with all that is below it but hidden files.
    ///
    /// Editors replace files, so it is the file's folder that the system watches. Blocks for a moment.
    pub fn watch(&self, path: &Path) -> io::Result<()> {
        let name = |error: io::Error| io::Error::new(error.kind(), format!("cannot watch {}: {error}", path.display()));
        let real = fs::canonicalize(path).map_err(name)?;
        let (folders, mode) = if real.is_dir() {
            self.shared.state.lock().folders.insert(real.clone());
            (vec![real], RecursiveMode::Recursive)
        } else {
            let parents = [real.parent(), path.parent()].into_iter().flatten();
            let parents: BTreeSet<PathBuf> = parents.filter_map(|folder| fs::canonicalize(folder).ok()).collect();
            let print = Print::of(&real);
            let mut state = self.shared.state.lock();
            for name in parents.iter().filter_map(|folder| Some(folder.join(path.file_name()?))).chain([real]) {
                state.prints.extend(print.clone().map(|print| (name.clone(), print)));
                state.files.insert(name, path.to_path_buf());
            }
            (parents.into_iter().collect(), RecursiveMode::NonRecursive)
        };
        let mut system = self.system.lock();
        for folder in folders {
            // One that is watched with all below it must not be watched with less.
            let known = self.shared.state.lock().folders.iter().any(|each| folder.starts_with(each));
            if mode == RecursiveMode::Recursive || !known {
                system.watch(&folder, mode).map_err(|error| explain(&folder, &error))?;
            }
        }
        Ok(())
    }

    /// Whether [`FileWatch::take`] has something to look at.
    pub fn is_touched(&self) -> bool {
        !self.shared.state.lock().touched.is_empty()
    }

    /// The watched files, and the files in watched folders, whose content changed since the last time, sorted. Reads
    /// what was touched.
    pub fn take(&self) -> Vec<PathBuf> {
        let touched = std::mem::take(&mut self.shared.state.lock().touched);
        let prints: Vec<_> = touched.into_iter().map(|path| (Print::of(&path), path)).collect();
        let mut state = self.shared.state.lock();
        let changed: BTreeSet<PathBuf> =
            prints.into_iter().filter_map(|(print, path)| state.compare(path, print)).collect();
        changed.into_iter().collect()
    }
}

impl State {
    /// What to call the path, if the owner must hear of it.
    fn compare(&mut self, path: PathBuf, print: Option<Print>) -> Option<PathBuf> {
        let name = self.files.get(&path).cloned();
        let Some(print) = print else {
            // A watched file is only away until its editor is done. In a folder, one that was never looked at came and went.
            return if name.is_none() && self.prints.remove(&path).is_some() { Some(path) } else { None };
        };
        let same = self.prints.get(&path) == Some(&print);
        self.prints.insert(path.clone(), print);
        if same { None } else { Some(name.unwrap_or(path)) }
    }

    fn is_watched(&self, path: &Path) -> bool {
        self.files.contains_key(path)
            || self.folders.iter().any(|folder| path.strip_prefix(folder).is_ok_and(|below| !is_hidden(below)))
    }
}

impl Shared {
    /// On the watcher's thread.
    fn note(&self, event: notify::Result<Event>) {
        let paths = match event {
            Ok(event) if event.need_rescan() => self.everything(),
            Ok(event) if matters(&event.kind) => event.paths,
            Ok(_) => return,
            Err(_) => self.everything(), // something was missed
        };
        let mut state = self.state.lock();
        let before = state.touched.len();
        let watched: Vec<_> = paths.into_iter().filter(|path| state.is_watched(path)).collect();
        state.touched.extend(watched);
        let more = state.touched.len() > before;
        drop(state);
        if more {
            (self.nudge)();
        }
    }

    fn everything(&self) -> Vec<PathBuf> {
        let state = self.state.lock();
        state.files.keys().chain(state.prints.keys()).cloned().collect()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("state", &*self.state.lock()).finish_non_exhaustive()
    }
}

impl Print {
    /// Of what is there; a file that cannot be read is not there. Folders are told apart by when they changed.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        if metadata.is_file() && metadata.len() <= COMPARED {
            let bytes = fs::read(path).ok()?;
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            return Some(Self::Content { length: bytes.len() as u64, hash: hasher.finish() });
        }
        Some(Self::Stamp { length: metadata.len(), modified: Metadata::modified(&metadata).ok() })
    }
}

/// Whether an event may mean another content. Where the system tells when a writer is done, what it writes before is
/// left alone: half a file is nobody's business.
fn matters(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(notify::event::CreateKind::File) => {
            !platform::TELLS_END_OF_WRITING
        }
        _ => true,
    }
}

fn is_hidden(below: &Path) -> bool {
    below.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

fn explain(folder: &Path, error: &notify::Error) -> io::Error {
    let hint = match error.kind {
        notify::ErrorKind::MaxFilesWatch => "; the system's limit is reached (fs.inotify.max_user_watches)",
        _ => "",
    };
    io::Error::other(format!("cannot watch {}: {error}{hint}", folder.display()))
}
