//! The Content-Security-Policy of the view's own documents (`docs/decisions/0006-content-security-policy.md`).

use crate::backend::SPELLING;
use auroraview_core::wire::ViewOptions;
use http::HeaderValue;

/// The header that goes with every file and document; `None` if the view wants none.
pub fn header(options: &ViewOptions) -> Option<HeaderValue> {
    let default = || policy(options).parse().ok();
    match options.csp.as_deref() {
        None => default(),
        Some("") => None,
        // Python has checked it; what no header can hold must not mean "none".
        Some(given) => given.parse().ok().or_else(default),
    }
}

fn policy(options: &ViewOptions) -> String {
    let sources = |address: fn(&str) -> String| {
        options
            .allowed_origins
            .iter()
            .map(|origin| format!(" {}", address(&SPELLING.to_engine(origin))))
            .collect::<String>()
    };
    let pages = sources(str::to_owned);
    let sockets = sources(|origin| origin.replacen("http", "ws", 1));
    [
        "default-src 'self' data: blob:".to_owned(),
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'".to_owned(),
        "style-src 'self' 'unsafe-inline'".to_owned(),
        "worker-src 'self' blob:".to_owned(),
        format!("connect-src 'self' data: blob:{pages}{sockets}"),
        format!("frame-src 'self' data: blob:{pages}"),
        "object-src 'none'".to_owned(),
        "base-uri 'self'".to_owned(),
        format!("form-action 'self'{pages}"),
        format!("frame-ancestors 'self'{pages}"),
    ]
    .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_names_the_allowed_origins_where_pages_talk_and_nowhere_else() {
        let allowed_origins = vec!["http://localhost:5173".into()];
        let given = header(&ViewOptions { allowed_origins, ..ViewOptions::default() }).unwrap();
        let given = given.to_str().unwrap();
        assert!(given.contains("connect-src 'self' data: blob: http://localhost:5173 ws://localhost:5173;"), "{given}");
        let script = given.split("; ").find(|directive| directive.starts_with("script-src")).unwrap();
        assert!(!script.contains("localhost") && !script.contains("'unsafe-eval'"), "{script}");
    }

    #[test]
    fn a_view_may_replace_it_or_do_without() {
        let with = |csp: &str| header(&ViewOptions { csp: Some(csp.into()), ..ViewOptions::default() });
        assert_eq!(with("default-src 'none'").unwrap(), "default-src 'none'");
        assert_eq!(with(""), None);
        assert_eq!(with("a\nb"), header(&ViewOptions::default()), "never less than the default by mistake");
    }
}
