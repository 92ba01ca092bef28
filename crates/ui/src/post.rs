//! What a page posts: `protocol/README.md` section 2.

use subtle::ConstantTimeEq;

/// A post whose first line was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Post<'a> {
    /// What proves that our script of the main frame sent it.
    pub secret: &'a str,
    /// What the document named itself.
    pub nonce: &'a str,
    /// How many answers the document has handled.
    pub handled: u64,
    rest: &'a str,
}

/// One message of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is.
    pub kind: LineKind,
    /// Of a request or response.
    pub id: u64,
    /// JSON-RPC text.
    pub body: &'a str,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// First message of a document.
    Hello,
    /// Wants an answer.
    Request,
    /// Answers the host.
    Response,
    /// Wants none.
    Notify,
    /// Wants none, and passes the others.
    Control,
}

const NONCE_DIGITS: usize = 32;

impl<'a> Post<'a> {
    /// Reads the first line.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (first, rest) = text.split_once('\n')?;
        let (secret, numbers) = first.split_once(' ')?;
        let (nonce, handled) = numbers.split_once(' ')?;
        let handled = handled.parse().ok()?;
        let well_formed = nonce.len() == NONCE_DIGITS && nonce.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then_some(Self { secret, nonce, handled, rest })
    }

    /// Compares in constant time, so that a page cannot find the secret digit by digit.
    pub fn has_secret(&self, secret: &str) -> bool {
        self.secret.as_bytes().ct_eq(secret.as_bytes()).into()
    }

    /// Whether it holds no message: it only gives us something to answer.
    pub fn is_park(&self) -> bool {
        self.rest.is_empty()
    }

    /// The messages; `None` for a line that is none.
    pub fn lines(&self) -> impl Iterator<Item = Option<Line<'a>>> + use<'a> {
        self.rest.split_terminator('\n').map(Line::parse)
    }
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(3, ' ');
        let kind = match parts.next()? {
            "h" => LineKind::Hello,
            "q" => LineKind::Request,
            "r" => LineKind::Response,
            "n" => LineKind::Notify,
            "c" => LineKind::Control,
            _ => return None,
        };
        let id = parts.next()?.parse().ok()?;
        Some(Self { kind, id, body: parts.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_post_is_a_first_line_and_messages() {
        let text = format!("s3cret {NONCE} 12\nh 0 {{}}\nq 7 {{\"method\":\"a b\"}}\nn 0 {{}}\n");
        let post = Post::parse(&text).unwrap();
        assert!(post.has_secret("s3cret") && !post.has_secret("s3cre") && !post.has_secret("s3crez"));
        assert_eq!((post.nonce, post.handled), (NONCE, 12));
        let lines: Vec<_> = post.lines().map(Option::unwrap).collect();
        assert_eq!(lines[1], Line { kind: LineKind::Request, id: 7, body: "{\"method\":\"a b\"}" });
        assert_eq!(
            lines.iter().map(|l| l.kind).collect::<Vec<_>>(),
            [LineKind::Hello, LineKind::Request, LineKind::Notify]
        );
    }

    #[test]
    fn the_lines_of_the_bridge_are_the_golden_ones() {
        let text = include_str!("../../../protocol/golden/page_lines.json");
        let golden: serde_json::Value = serde_json::from_str(text).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let text = format!("s {NONCE} 0\n{}", case["line"].as_str().unwrap());
            let lines: Vec<_> = Post::parse(&text).unwrap().lines().map(Option::unwrap).collect();
            let kind = match case["kind"].as_str().unwrap() {
                "h" => LineKind::Hello,
                "q" => LineKind::Request,
                "r" => LineKind::Response,
                "n" => LineKind::Notify,
                _ => LineKind::Control,
            };
            let expected = Line { kind, id: case["id"].as_u64().unwrap(), body: case["body"].as_str().unwrap() };
            assert_eq!(lines, [expected], "{}", case["name"]);
        }
    }

    #[test]
    fn a_park_has_no_messages() {
        let text = format!("s {NONCE} 0\n");
        let park = Post::parse(&text).unwrap();
        assert!(park.is_park() && park.lines().next().is_none());
    }

    #[test]
    fn what_is_no_post_is_refused() {
        let other = "0123456789abcdef0123456789abcdeg";
        let bad = ["", "\n", "secret\n", "s short 0\n", &format!("s {other} 0\n"), NONCE, &format!("s {NONCE}\n")];
        assert!(bad.iter().all(|text| Post::parse(text).is_none()));
        assert!(["x", "", "-1", "1 1"].iter().all(|count| Post::parse(&format!("s {NONCE} {count}\n")).is_none()));
        for line in ["", "x 1 {}", "q {}", "q -1 {}", "q 1", "q 99999999999999999999 {}", "[object Object]"] {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }
}
