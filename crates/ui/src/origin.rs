//! Origins: who may have the bridge. Whole origins are compared, never prefixes or parts of hosts.

use url::Url;

/// The scheme of a view's own documents.
pub const SCHEME: &str = "av";

/// The origin of the view's own documents.
pub fn own_origin(app_id: &str) -> String {
    format!("{SCHEME}://{app_id}")
}

/// The origin of an address, as `location.origin` has it; `"null"` for opaque ones and for what is no address.
pub fn origin_of(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) if url.scheme() == SCHEME => match url.host_str() {
            Some(host) if url.port().is_none() && url.username().is_empty() => own_origin(host),
            _ => "null".into(),
        },
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "null".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_origin_is_ours() {
        let ours = own_origin("app");
        for address in ["av://app", "av://app/", "av://app/a/b?c#d", "AV://app/"] {
            assert_eq!(origin_of(address), ours, "{address}");
        }
        for address in [
            "http://app.evil.com/",
            "av://app.evil.com/",
            "av://evil/app",
            "av://app:80/",
            "av://user@app/",
            "http://app.localhost:8080/",
            "http://app/",
            "blob:av://app/x",
            "data:text/html,av://app",
            "file:///av/app",
            "about:srcdoc",
            "about:blank",
            "javascript:0",
            "",
            "av:app",
            "av:///app",
        ] {
            assert_ne!(origin_of(address), ours, "{address}");
        }
        assert_eq!(origin_of("http://localhost:5173/x"), "http://localhost:5173");
        assert_eq!(origin_of("HTTPS://Example.COM:443/x"), "https://example.com");
    }
}
