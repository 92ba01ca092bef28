//! What `av://<app id>/...` answers: one in-memory document and the files below one root, never anything else.
//!
//! Files are opened on a thread of their own, so that a slow disk does not hold up the windows. Large ones are not read
//! here: the engine takes them piece by piece.

mod policy;
mod range;
mod select;

use crate::request::{Answer, Request, Respond, text};
use auroraview_core::wire::ViewOptions;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http::header::{ACCEPT, ALLOW, CONTENT_SECURITY_POLICY, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Document served for a folder.
const INDEX: &str = "index.html";
/// What a path segment may hold unescaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Letters of a path that a log line shows.
const SHOWN: usize = 200;
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Asks for a file.
pub type Asker = Box<dyn Fn(Request, Respond)>;

/// What one view serves.
#[derive(Debug, Default)]
struct Source {
    root: Option<Dir>,
    document: Option<Vec<u8>>,
    spa_fallback: bool,
    policy: Option<HeaderValue>,
}

enum Job {
    Root(PathBuf),
    Document(Option<Vec<u8>>),
    Answer(Box<Request>, Respond),
}

/// The files of one view. Changes and requests are handled in the order in which they were asked for.
#[derive(Debug)]
pub struct Assets {
    jobs: Sender<Job>,
    root: Option<PathBuf>,
    /// Whether the page is one of ours: then it may load files, else only go to a document.
    open: Rc<Cell<bool>>,
}

impl Assets {
    /// Starts with the view's `asset_root`, or with nothing.
    pub fn start(options: &ViewOptions) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let policy = policy::header(options);
        let source = Source { spa_fallback: options.spa_fallback, policy, ..Source::default() };
        std::thread::Builder::new().name("assets".into()).spawn(move || serve(source, &inbox))?;
        let mut assets = Self { jobs, root: None, open: Rc::new(Cell::new(true)) };
        if let Some(root) = &options.asset_root {
            assets.set_root(Path::new(root));
        }
        Ok(assets)
    }

    /// Something that asks for files, for the engine's callbacks.
    pub fn asker(&self) -> Asker {
        let (jobs, open) = (self.jobs.clone(), Rc::clone(&self.open));
        Box::new(move |request, respond| {
            if open.get() || is_navigation(request.headers()) {
                let _ = jobs.send(Job::Answer(Box::new(request), respond)); // fails only while the view goes away
            } else {
                respond(text(StatusCode::FORBIDDEN, "origin not allowed"));
            }
        })
    }

    /// Says whether the page that is there now may load files. A page of a stranger could run them as its scripts: engines
    /// do not say who asks for a script.
    pub fn set_open(&self, open: bool) {
        self.open.set(open);
    }

    /// Serves `document` at `/`, and returns the path to load.
    pub fn show_document(&mut self, document: String) -> String {
        let _ = self.jobs.send(Job::Document(Some(document.into_bytes())));
        "/".into()
    }

    /// Serves the file at `path`, from the root if it lies there, else from its own folder. Returns the path to load.
    pub fn show_file(&mut self, path: &Path) -> String {
        let inside = self.root.as_deref().and_then(|root| path.strip_prefix(root).ok().map(Path::to_owned));
        let relative = inside.unwrap_or_else(|| {
            self.set_root(path.parent().unwrap_or(Path::new("/")));
            path.file_name().map(PathBuf::from).unwrap_or_default()
        });
        let _ = self.jobs.send(Job::Document(None));
        let escape = |part: std::path::Component<'_>| {
            utf8_percent_encode(&part.as_os_str().to_string_lossy(), SEGMENT).to_string()
        };
        format!("/{}", relative.components().map(escape).collect::<Vec<_>>().join("/"))
    }

    fn set_root(&mut self, root: &Path) {
        self.root = Some(root.to_owned());
        let _ = self.jobs.send(Job::Root(root.to_owned()));
    }
}

fn serve(mut source: Source, inbox: &Receiver<Job>) {
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Root(root) => {
                source.root = Dir::open_ambient_dir(&root, ambient_authority())
                    .inspect_err(|error| say!("cannot open {}: {error}", root.display()))
                    .ok();
            }
            Job::Document(document) => source.document = document,
            Job::Answer(request, respond) => respond(source.answer(&request)),
        }
    }
}

impl Source {
    fn answer(&self, request: &Request) -> Answer {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let mut answer = self.find(request);
        if let Some(policy) = &self.policy {
            answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        answer
    }

    fn find(&self, request: &Request) -> Answer {
        let path = request.uri().path();
        if let (Some(document), "" | "/") = (&self.document, path) {
            return select::document(Path::new(INDEX), document.clone());
        }
        let Some(file) = file_of(path) else { return missing() };
        match self.open(&file) {
            Ok(file) => file.answer(request),
            Err(_) if self.spa_fallback && is_navigation(request.headers()) && file.extension().is_none() => {
                self.start(request)
            }
            Err(error) => {
                say!("{:.SHOWN$}: {error}", file.to_string_lossy());
                missing()
            }
        }
    }

    /// The page that a single-page app begins with: it looks at the address itself.
    fn start(&self, request: &Request) -> Answer {
        match &self.document {
            Some(document) => select::document(Path::new(INDEX), document.clone()),
            None => self.open(Path::new(INDEX)).map_or_else(|_| missing(), |file| file.answer(request)),
        }
    }

    /// Opens a file under the root. The root is a capability: no link and no `..` leads out of it.
    fn open<'a>(&self, path: &'a Path) -> std::io::Result<select::Found<'a>> {
        let root = self.root.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
        // Looked at before it is opened: opening a pipe waits for its writer.
        if !root.metadata(path)?.is_file() {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        select::Found::new(path, root.open(path)?.into_std())
    }
}

fn missing() -> Answer {
    text(StatusCode::NOT_FOUND, "no such file")
}

/// Whether the engine asks for a document to show. WebKitGTK says so in `Accept` only.
fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name, wanted: &[&str]| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        wanted.iter().any(|wanted| value.contains(wanted))
    };
    match headers.contains_key(SEC_FETCH_DEST) {
        true => says(SEC_FETCH_DEST, &["document", "frame"]),
        false => says(ACCEPT, &["text/html"]),
    }
}

/// The file that a request means, relative to the root. `None` for what no file of ours can be called.
fn file_of(path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let mut file = PathBuf::new();
    for part in decoded.split('/').filter(|part| !part.is_empty()) {
        let hidden = part.starts_with('.') && part != ".well-known";
        if hidden || part.contains(['\\', '\0', ':']) {
            return None;
        }
        file.push(part);
    }
    if decoded.ends_with('/') || decoded.is_empty() {
        file.push(INDEX);
    }
    Some(file)
}

#[cfg(test)]
mod tests;
