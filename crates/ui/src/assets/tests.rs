//! What is served and what is not, request by request.

use super::*;
use crate::request::Body;
use crate::request::tests::request;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use std::io::Read;

fn source(root: &Path) -> Source {
    Source { root: Some(Dir::open_ambient_dir(root, ambient_authority()).unwrap()), ..Source::default() }
}

fn bytes(answer: &Answer) -> &[u8] {
    match answer.body() {
        Body::Bytes(bytes) => bytes,
        Body::Chunks(_) | Body::File(..) => panic!("a stream"),
    }
}

fn ask(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Request {
    request(method, path, headers)
}

fn get(source: &Source, path: &str) -> Answer {
    // As the engine brings it: a path that is no address never comes here.
    match http::Uri::try_from(path) {
        Ok(_) => source.answer(&ask(Method::GET, path, &[])),
        Err(_) => missing(),
    }
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
    let index = get(&source, "/");
    assert_eq!((index.status(), bytes(&index)), (StatusCode::OK, &b"start"[..]));
    assert_eq!(index.headers()[CONTENT_TYPE], "text/html;charset=utf-8");
    let script = get(&source, "/sub/na%C3%AFve%20name%5B1%5D.js");
    assert_eq!(script.status(), StatusCode::OK);
    assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript;charset=utf-8");
    assert_eq!(source.answer(&ask(Method::POST, "/", &[])).status(), StatusCode::METHOD_NOT_ALLOWED);
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
        assert_eq!(get(&source, path).status(), StatusCode::NOT_FOUND, "{path:.80}");
    }
    drop(source); // Windows removes no folder that is open
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn the_document_in_memory_is_the_root_page_only() {
    let source = Source { document: Some(b"<p>hi".to_vec()), ..Source::default() };
    assert_eq!(bytes(&get(&source, "/")), b"<p>hi");
    assert_eq!(get(&source, "/index.html").status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_file_is_loaded_from_the_root_that_holds_it_or_from_its_own_folder() {
    let mut assets =
        Assets::start(&ViewOptions { asset_root: Some("/srv/app".into()), ..ViewOptions::default() }).unwrap();
    assert_eq!(assets.show_file(Path::new("/srv/app/a b/c#d.html")), "/a%20b/c%23d.html");
    assert_eq!(assets.show_file(Path::new("/tmp/other.html")), "/other.html");
    assert_eq!(assets.root.as_deref(), Some(Path::new("/tmp")));
}

#[test]
fn a_file_is_served_in_parts() {
    let base = folder("parts");
    let source = source(&base.join("root"));
    let part = |range| source.answer(&ask(Method::GET, "/index.html", &[("range", range)]));
    let middle = part("bytes=1-3");
    assert_eq!((middle.status(), bytes(&middle)), (StatusCode::PARTIAL_CONTENT, &b"tar"[..]));
    assert_eq!(middle.headers()[CONTENT_RANGE], "bytes 1-3/5");
    assert_eq!(
        (middle.headers()["accept-ranges"].as_bytes(), middle.headers()["content-length"].as_bytes()),
        (&b"bytes"[..], &b"3"[..])
    );
    let beyond = part("bytes=5-");
    assert_eq!(
        (beyond.status(), beyond.headers()[CONTENT_RANGE].as_bytes()),
        (StatusCode::RANGE_NOT_SATISFIABLE, &b"bytes */5"[..])
    );
    assert_eq!((part("bytes=0-1,3-4").status(), bytes(&part("x")).len()), (StatusCode::OK, 5));
    let whole = get(&source, "/index.html");
    for (tag, status) in [
        (whole.headers()[ETAG].to_str().unwrap(), StatusCode::PARTIAL_CONTENT),
        (whole.headers()[LAST_MODIFIED].to_str().unwrap(), StatusCode::PARTIAL_CONTENT),
        ("\"other\"", StatusCode::OK),
        ("Thu, 01 Jan 1970 00:00:00 GMT", StatusCode::OK),
    ] {
        let headers = [("range", "bytes=1-3"), ("if-range", tag)];
        assert_eq!(source.answer(&ask(Method::GET, "/index.html", &headers)).status(), status, "{tag}");
    }
    let head = source.answer(&ask(Method::HEAD, "/index.html", &[("range", "bytes=1-3")]));
    assert_eq!((head.status(), bytes(&head).len()), (StatusCode::OK, 0));
    assert_eq!(head.headers()["content-length"], "5");
    drop(source);
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn a_file_that_has_not_changed_is_not_sent_again() {
    let base = folder("known");
    let source = source(&base.join("root"));
    let whole = get(&source, "/index.html");
    let (tag, date) = (whole.headers()[ETAG].to_str().unwrap(), whole.headers()[LAST_MODIFIED].to_str().unwrap());
    let weak = format!("\"x\", W/{tag}");
    for (name, value, status) in [
        ("if-none-match", tag, 304),
        ("if-none-match", weak.as_str(), 304),
        ("if-none-match", "*", 304),
        ("if-none-match", "\"x\"", 200),
        ("if-modified-since", date, 304),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-modified-since", "yesterday", 200),
    ] {
        let answer = source.answer(&ask(Method::GET, "/index.html", &[(name, value)]));
        assert_eq!((answer.status().as_u16(), bytes(&answer).is_empty()), (status, status == 304), "{name}: {value}");
    }
    std::fs::write(base.join("root/index.html"), "changed").unwrap();
    let answer = source.answer(&ask(Method::GET, "/index.html", &[("if-none-match", tag)]));
    assert_eq!((answer.status(), bytes(&answer)), (StatusCode::OK, &b"changed"[..]));
    drop(source);
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn a_large_file_is_left_to_the_engine_to_read() {
    let base = folder("large");
    std::fs::File::create(base.join("root/large.bin")).and_then(|file| file.set_len(2 << 30)).unwrap();
    let source = source(&base.join("root"));
    let headers = [("range", "bytes=1073741824-")];
    let (parts, body) = source.answer(&ask(Method::GET, "/large.bin", &headers)).into_parts();
    assert_eq!(parts.status, StatusCode::PARTIAL_CONTENT);
    let Body::File(mut file, length) = body else { panic!("it was read") };
    let mut byte = [1];
    file.read_exact(&mut byte).unwrap();
    assert_eq!((length, byte), (1 << 30, [0]));
    drop((file, source));
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn an_unknown_path_gives_the_start_page_to_who_navigates_only() {
    let base = folder("spa");
    let source = Source { spa_fallback: true, ..source(&base.join("root")) };
    let page = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let status = |path: &str, headers: &[(&'static str, &str)]| {
        source.answer(&ask(Method::GET, path, headers)).status().as_u16()
    };
    assert_eq!(bytes(&source.answer(&ask(Method::GET, "/users/7", &page))), b"start");
    assert_eq!((status("/users/7", &[("accept", "*/*")]), status("/app.js", &page)), (404, 404));
    assert_eq!(status("/users/7", &[("sec-fetch-dest", "document")]), 200);
    assert_eq!(status("/users/7", &[("sec-fetch-dest", "script"), page[0]]), 404);
    assert_eq!(status("/.git/config", &page), 404);
    drop(source);
    let plain = self::source(&base.join("root"));
    assert_eq!(plain.answer(&ask(Method::GET, "/users/7", &page)).status(), StatusCode::NOT_FOUND);
    drop(plain);
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn types_are_the_webs() {
    let base = folder("types");
    let source = source(&base.join("root"));
    for (name, mime) in [
        ("a.html", "text/html;charset=utf-8"),
        ("a.js", "text/javascript;charset=utf-8"),
        ("a.mjs", "text/javascript;charset=utf-8"),
        ("a.css", "text/css;charset=utf-8"),
        ("a.json", "application/json;charset=utf-8"),
        ("a.webmanifest", "application/manifest+json;charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("a.svg", "image/svg+xml;charset=utf-8"),
        ("a.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.woff2", "font/woff2"),
        ("a.ttf", "font/ttf"),
        ("a.mp4", "video/mp4"),
        ("a.webm", "video/webm"),
        ("a.mp3", "audio/mpeg"),
        ("a.txt", "text/plain;charset=utf-8"),
        ("a.unknown-to-all", "application/octet-stream"),
    ] {
        std::fs::write(base.join("root").join(name), "").unwrap();
        assert_eq!(get(&source, &format!("/{name}")).headers()[CONTENT_TYPE], mime, "{name}");
    }
    drop(source);
    std::fs::remove_dir_all(base).unwrap();
}

#[test]
fn a_strangers_page_gets_documents_only() {
    let assets = Assets::start(&ViewOptions::default()).unwrap();
    let asker = assets.asker();
    let status = |headers: &[(&'static str, &str)]| {
        let (answer, answers) = channel();
        asker(ask(Method::GET, "/x.js", headers), Box::new(move |given| answer.send(given).unwrap()));
        answers.recv().unwrap().status().as_u16()
    };
    assets.set_open(false);
    assert_eq!((status(&[("accept", "*/*")]), status(&[("accept", "text/html")])), (403, 404));
    assets.set_open(true);
    assert_eq!(status(&[("accept", "*/*")]), 404);
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
        let status = |path| get(&source, path).status();
        assert_eq!(status("/link.txt"), StatusCode::NOT_FOUND);
        assert_eq!(status("/sub/up/outside.txt"), StatusCode::NOT_FOUND);
        assert_eq!(status("/other.html"), StatusCode::OK, "a link that stays inside");
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_pipe_and_a_loop_are_no_files() {
        let base = folder("pipe");
        let made = std::process::Command::new("mkfifo").arg(base.join("root/pipe")).status().unwrap();
        symlink("loop", base.join("root/loop")).unwrap();
        let source = source(&base.join("root"));
        assert!(made.success());
        assert_eq!(get(&source, "/pipe").status(), StatusCode::NOT_FOUND);
        assert_eq!(get(&source, "/loop").status(), StatusCode::NOT_FOUND);
        std::fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_star_is_a_letter_like_any_other() {
        let base = folder("star");
        std::fs::write(base.join("root/a*.js"), "1").unwrap();
        let source = source(&base.join("root"));
        let status = |path| get(&source, path).status();
        assert_eq!((status("/a%2A.js"), status("/%2A.js")), (StatusCode::OK, StatusCode::NOT_FOUND));
        std::fs::remove_dir_all(base).unwrap();
    }
}
