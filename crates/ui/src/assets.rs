//! What `av://<app id>/...` answers: one in-memory document and the files under one root, never anything else.
//!
//! Files are read on a thread of their own, so that a slow disk does not hold up the windows.

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Document served for a folder.
const INDEX: &str = "index.html";
/// What a path segment may hold unescaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// An answer to the engine.
pub type Answer = Response<Cow<'static, [u8]>>;

/// Takes the answer back to the engine, from any thread.
pub type Respond = Box<dyn FnOnce(Answer) + Send>;

/// What one view serves.
#[derive(Debug, Default)]
struct Source {
    root: Option<Dir>,
    document: Option<Vec<u8>>,
}

enum Job {
    Root(PathBuf),
    Document(Option<Vec<u8>>),
    Answer { method: Method, path: String, respond: Respond },
}

/// The files of one view. Changes and requests are handled in the order in which they were asked for.
#[derive(Debug)]
pub struct Assets {
    jobs: Sender<Job>,
    root: Option<PathBuf>,
}

impl Assets {
    /// Starts with the folder `root`, or with nothing.
    pub fn start(root: Option<&str>) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        std::thread::Builder::new().name("assets".into()).spawn(move || serve(&inbox))?;
        let mut assets = Self { jobs, root: None };
        if let Some(root) = root {
            assets.set_root(Path::new(root));
        }
        Ok(assets)
    }

    /// Something that asks for files, for the engine's callbacks.
    pub fn asker(&self) -> impl Fn(&http::Request<Vec<u8>>, Respond) + use<> {
        let jobs = self.jobs.clone();
        move |request, respond| {
            let job = Job::Answer { method: request.method().clone(), path: request.uri().path().to_owned(), respond };
            let _ = jobs.send(job); // fails only while the view goes away, and its requests with it
        }
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

fn serve(inbox: &Receiver<Job>) {
    let mut source = Source::default();
    while let Ok(job) = inbox.recv() {
        match job {
            Job::Root(root) => {
                source.root = Dir::open_ambient_dir(&root, ambient_authority())
                    .inspect_err(|error| say!("cannot open {}: {error}", root.display()))
                    .ok();
            }
            Job::Document(document) => source.document = document,
            Job::Answer { method, path, respond } => respond(source.answer(&method, &path)),
        }
    }
}

impl Source {
    fn answer(&self, method: &Method, path: &str) -> Answer {
        if method != Method::GET && method != Method::HEAD {
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
            refused.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        if let (Some(document), "" | "/") = (&self.document, path) {
            return found(Path::new(INDEX), document.clone());
        }
        let Some(path) = file_of(path) else { return text(StatusCode::NOT_FOUND, "no such file") };
        match self.read(&path) {
            Ok(bytes) => found(&path, bytes),
            Err(error) => {
                say!("{}: {error}", path.display());
                text(StatusCode::NOT_FOUND, "no such file")
            }
        }
    }

    /// Reads a file under the root. The root is a capability: no link and no `..` leads out of it.
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let root = self.root.as_ref().ok_or(std::io::ErrorKind::NotFound)?;
        let mut bytes = Vec::new();
        root.open(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
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

fn found(path: &Path, bytes: Vec<u8>) -> Answer {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == mime_guess::mime::TEXT || matches!(mime.subtype().as_str(), "javascript" | "json");
    let charset = if is_text { ";charset=utf-8" } else { "" };
    build(StatusCode::OK, &format!("{mime}{charset}"), bytes.into())
}

fn text(status: StatusCode, message: &'static str) -> Answer {
    build(status, "text/plain;charset=utf-8", message.as_bytes().into())
}

fn build(status: StatusCode, mime: &str, body: Cow<'static, [u8]>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if let Ok(mime) = mime.parse() {
        headers.insert(CONTENT_TYPE, mime);
    }
    // A reload shows what the developer saved.
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(root: &Path) -> Source {
        Source { root: Some(Dir::open_ambient_dir(root, ambient_authority()).unwrap()), document: None }
    }

    fn folder(name: &str) -> PathBuf {
        let base = std::env::temp_dir().join(format!("auroraview-assets-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        std::fs::create_dir_all(base.join("root/sub")).unwrap();
        std::fs::create_dir_all(base.join("root-evil")).unwrap();
        std::fs::write(base.join("root/index.html"), "start").unwrap();
        std::fs::write(base.join("root/sub/naïve name[1].js"), "1").unwrap();
        std::fs::write(base.join("root/.env"), "secret").unwrap();
        std::fs::write(base.join("root-evil/x.txt"), "evil").unwrap();
        std::fs::write(base.join("outside.txt"), "outside").unwrap();
        base
    }

    #[test]
    fn files_under_the_root_are_served_with_their_type() {
        let base = folder("served");
        let source = source(&base.join("root"));
        let index = source.answer(&Method::GET, "/");
        assert_eq!((index.status(), index.body().as_ref()), (StatusCode::OK, &b"start"[..]));
        assert_eq!(index.headers()[CONTENT_TYPE], "text/html;charset=utf-8");
        let script = source.answer(&Method::GET, "/sub/na%C3%AFve%20name%5B1%5D.js");
        assert_eq!(script.status(), StatusCode::OK);
        assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript;charset=utf-8");
        assert_eq!(source.answer(&Method::POST, "/").status(), StatusCode::METHOD_NOT_ALLOWED);
        drop(source); // Windows removes no folder that is open
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn nothing_outside_the_root_is_served() {
        let base = folder("outside");
        let source = source(&base.join("root"));
        let long = format!("/{}", "a".repeat(64 << 10));
        for path in [
            "/../outside.txt",
            "/%2e%2e/outside.txt",
            "/..%2foutside.txt",
            "/%252e%252e/outside.txt",
            "/..\\outside.txt",
            "/..%5coutside.txt",
            "/C:/outside.txt",
            "//outside.txt",
            "/%5c%5cserver/share",
            "/outside.txt::$DATA",
            "/nul.txt",
            "/x%00.txt",
            "/%c0%ae%c0%ae/outside.txt",
            "/../root-evil/x.txt",
            "/.env",
            "/.git/config",
            "/missing.html",
            "/sub",
            &long,
        ] {
            assert_eq!(source.answer(&Method::GET, path).status(), StatusCode::NOT_FOUND, "{path:.80}");
        }
        drop(source); // Windows removes no folder that is open
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn the_document_in_memory_is_the_root_page_only() {
        let source = Source { root: None, document: Some(b"<p>hi".to_vec()) };
        assert_eq!(source.answer(&Method::GET, "/").body().as_ref(), b"<p>hi");
        assert_eq!(source.answer(&Method::GET, "/index.html").status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_file_is_loaded_from_the_root_that_holds_it_or_from_its_own_folder() {
        let mut assets = Assets::start(Some("/srv/app")).unwrap();
        assert_eq!(assets.show_file(Path::new("/srv/app/a b/c#d.html")), "/a%20b/c%23d.html");
        assert_eq!(assets.show_file(Path::new("/tmp/other.html")), "/other.html");
        assert_eq!(assets.root.as_deref(), Some(Path::new("/tmp")));
    }

    /// Of file systems with links and with names that Windows has not.
    #[cfg(unix)]
    mod unix {
        use super::*;
        use std::os::unix::fs::symlink;

        #[test]
        fn no_link_leads_outside_the_root() {
            let base = folder("links");
            symlink(base.join("outside.txt"), base.join("root/link.txt")).unwrap();
            symlink("../..", base.join("root/sub/up")).unwrap();
            symlink("index.html", base.join("root/other.html")).unwrap();
            let source = source(&base.join("root"));
            let status = |path| source.answer(&Method::GET, path).status();
            assert_eq!(status("/link.txt"), StatusCode::NOT_FOUND);
            assert_eq!(status("/sub/up/outside.txt"), StatusCode::NOT_FOUND);
            assert_eq!(status("/other.html"), StatusCode::OK, "a link that stays inside");
            std::fs::remove_dir_all(base).unwrap();
        }

        #[test]
        fn a_star_is_a_letter_like_any_other() {
            let base = folder("star");
            std::fs::write(base.join("root/a*.js"), "1").unwrap();
            let source = source(&base.join("root"));
            let status = |path| source.answer(&Method::GET, path).status();
            assert_eq!((status("/a%2A.js"), status("/%2A.js")), (StatusCode::OK, StatusCode::NOT_FOUND));
            std::fs::remove_dir_all(base).unwrap();
        }
    }
}
