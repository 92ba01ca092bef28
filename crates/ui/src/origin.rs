//! Origins: who may have the bridge. Whole origins are compared, never prefixes or parts of hosts.

use url::{Position, Url};

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

/// The address as the user's own programs get it. Only web and mail addresses ever leave: what other schemes start,
/// nobody here knows.
pub fn outside(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "https" | "http" | "mailto").then(|| url.into())
}

/// How an engine spells `av://<app id>`: as `<before><app id><after>`.
///
/// Everywhere outside the engine (on the wire, in the options, in what a view compares) a view's own documents are at
/// `av://<app id>/...`. WebKit knows such schemes. WebView2 does not: there a view's documents are at an https address
/// that no server can have, and the page sees that one in `location`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// In front of the app id: a scheme and `://`, and what else the engine needs.
    pub before: &'static str,
    /// Behind the app id.
    pub after: &'static str,
}

impl Spelling {
    /// Of engines that know schemes of ours.
    pub const AS_IT_IS: Self = Self { before: "av://", after: "" };

    /// The address as the engine must have it. Only `av://<app id>` differs; any other address stays as it is.
    pub fn to_engine(self, address: &str) -> String {
        match Url::parse(address) {
            Ok(url) if self != Self::AS_IT_IS && origin_of(address).starts_with("av://") => {
                let (id, rest) = (url.host_str().unwrap_or_default(), &url[Position::AfterPort..]);
                format!("{}{id}{}{rest}", self.before, self.after)
            }
            _ => address.to_owned(),
        }
    }

    /// The address as the wire has it. Only what is exactly the engine's spelling of an own document differs.
    pub fn to_wire(self, address: &str) -> String {
        let Ok(url) = Url::parse(address) else { return address.to_owned() };
        let (front, rest) = (&url[..Position::AfterPort], &url[Position::AfterPort..]);
        match front.strip_prefix(self.before).and_then(|front| front.strip_suffix(self.after)) {
            Some(id) if self != Self::AS_IT_IS && is_app_id(id) => format!("{}{rest}", own_origin(id)),
            _ => address.to_owned(),
        }
    }
}

/// As Python checks it: what stands in a host without being changed or misread by anybody.
fn is_app_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
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
            "av://app.localhost.evil.com/",
            "av://evil.com/app/",
            "av://app./",
            "av://xn--app-/",
            "av://ap%70/",
            "av://app@evil/",
            "av://app\\@evil/",
            "http://app.localhost/",
            "http://app.localhost.evil.com/",
            "http://user@app.localhost/",
            "https://av.app.localhost/",
            "filesystem:av://app/x",
            "view-source:av://app/",
            "//app/",
        ] {
            assert_ne!(origin_of(address), ours, "{address}");
        }
        assert_eq!(origin_of("http://localhost:5173/x"), "http://localhost:5173");
        assert_eq!(origin_of("HTTPS://Example.COM:443/x"), "https://example.com");
    }

    #[test]
    fn only_web_and_mail_addresses_go_outside() {
        for (address, goes) in [
            ("https://example.com/a?b#c", "https://example.com/a?b#c"),
            ("HTTP://Example.com", "http://example.com/"),
            ("mailto:a@example.com?subject=x", "mailto:a@example.com?subject=x"),
            ("https://例え.jp/道", "https://xn--r8jz45g.jp/%E9%81%93"),
            (" https://example.com/\n--x", "https://example.com/--x"),
        ] {
            assert_eq!(outside(address).as_deref(), Some(goes), "{address}");
        }
        let others = [
            "file",
            "ftp",
            "ftps",
            "sftp",
            "smb",
            "nfs",
            "dav",
            "ssh",
            "telnet",
            "javascript",
            "vbscript",
            "data",
            "blob",
            "about",
            "av",
            "view-source",
            "filesystem",
            "chrome",
            "ms-settings",
            "ms-msdt",
            "search-ms",
            "shell",
            "steam",
            "slack",
            "vscode",
            "tel",
            "sms",
            "magnet",
            "intent",
            "x-apple.systempreferences",
            "ws",
            "wss",
        ];
        assert!(others.len() >= 30);
        for scheme in others {
            for address in
                [format!("{scheme}:x"), format!("{scheme}://example.com/x"), format!("{}:x", scheme.to_uppercase())]
            {
                assert_eq!(outside(&address), None, "{address}");
            }
        }
        for address in
            ["", "example.com", "/etc/passwd", "C:\\Windows\\calc.exe", "\\\\server\\share", "http", "https:"]
        {
            assert_eq!(outside(address), None, "{address}");
        }
    }

    #[test]
    fn an_engine_without_schemes_gets_an_https_address_and_nobody_else_sees_it() {
        let https = Spelling { before: "https://av.", after: ".localhost" };
        for (wire, engine) in [
            ("av://app/", "https://av.app.localhost/"),
            ("av://my-app2/a%20b?c#d", "https://av.my-app2.localhost/a%20b?c#d"),
        ] {
            assert_eq!(https.to_engine(wire), engine);
            assert_eq!(https.to_wire(engine), wire);
            assert_eq!(
                (Spelling::AS_IT_IS.to_engine(wire), Spelling::AS_IT_IS.to_wire(wire)),
                (wire.into(), wire.into())
            );
        }
        assert_eq!(https.to_engine("av://app"), "https://av.app.localhost");
        for address in
            ["https://example.com/", "av://user@app/", "av://app:80/", "data:text/html,av://app", "", "av:app"]
        {
            assert_eq!(https.to_engine(address), address);
        }
    }

    #[test]
    fn only_the_exact_spelling_becomes_ours() {
        let https = Spelling { before: "https://av.", after: ".localhost" };
        let ours = own_origin("app");
        assert_eq!(origin_of(&https.to_wire("https://av.app.localhost:443/x")), ours);
        for address in [
            "http://av.app.localhost/",
            "https://av.app.localhost:8443/",
            "https://user@av.app.localhost/",
            "https://av.x@app.localhost/",
            "https://av.app.localhost.evil.com/",
            "https://evil.com/https://av.app.localhost/",
            "https://av.app.localhost@evil.com/",
            "https://av.app/",
            "https://av..localhost/",
            "https://av.app.evil.localhost/",
            "https://app.localhost/",
            "blob:https://av.app.localhost/x",
            "data:text/html,https://av.app.localhost/",
            "about:blank",
        ] {
            assert_ne!(origin_of(&https.to_wire(address)), ours, "{address}");
        }
    }
}
