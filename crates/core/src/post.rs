//! What a page posts: `protocol/README.md` section 2.

use crate::limits::{MAX_BODY, MAX_PENDING_CALLS};
use crate::wire::{ErrorCode, Kind};
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
    /// Numbers of its attachments, which were posted before it.
    pub att: Vec<u64>,
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
    /// The last one by the UI process: the document goes on by the fast lane (section 12).
    Lane,
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

    /// Whether it holds no message: it only gives us something to answer.
    pub fn is_park(&self) -> bool {
        self.rest.is_empty()
    }

    /// The messages; `None` for a line that is none.
    pub fn lines(&self) -> impl Iterator<Item = Option<Line<'a>>> + use<'a> {
        lines_of(self.rest)
    }
}

/// Compares in constant time, so that a page cannot find the secret digit by digit.
pub fn is_secret(said: &str, secret: &str) -> bool {
    said.as_bytes().ct_eq(secret.as_bytes()).into()
}

/// Reads what a page posts by the fast lane: how many batches its document has handled, and its own.
pub fn parse_direct(text: &str) -> Option<(u64, impl Iterator<Item = Option<Line<'_>>>)> {
    let (handled, rest) = text.split_once('\n')?;
    Some((handled.parse().ok()?, lines_of(rest)))
}

/// Why a message of a page is not taken, and what whoever waits for it is told. `calls`: those of its document that wait.
pub fn objection(kind: Kind, length: usize, closing: bool, calls: usize) -> Option<(ErrorCode, &'static str)> {
    if length > MAX_BODY {
        Some((ErrorCode::TooLarge, "the message is over the limit of 16 MiB"))
    } else if kind != Kind::Request {
        None
    } else if closing {
        Some((ErrorCode::Closed, "the view is closing"))
    } else if calls >= MAX_PENDING_CALLS {
        Some((ErrorCode::Busy, "4096 calls are pending; wait for some of them"))
    } else {
        None
    }
}

fn lines_of<'a>(text: &'a str) -> impl Iterator<Item = Option<Line<'a>>> + use<'a> {
    text.split_terminator('\n').map(Line::parse)
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
            "l" => LineKind::Lane,
            _ => return None,
        };
        let (id, att) = numbers(parts.next()?)?;
        Some(Self { kind, id, att, body: parts.next()? })
    }
}

/// Longest text of the numbers of a line: they must fit into the header of a frame.
const MAX_NUMBERS: usize = 3 << 10;

/// An id, and `+` and a number for each attachment.
fn numbers(text: &str) -> Option<(u64, Vec<u64>)> {
    if text.len() > MAX_NUMBERS {
        return None;
    }
    let mut numbers = text.split('+').map(str::parse);
    let id = numbers.next()?.ok()?;
    Some((id, numbers.collect::<Result<_, _>>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_post_is_a_first_line_and_messages() {
        let text = format!("s3cret {NONCE} 12\nh 0 {{}}\nq 7 {{\"method\":\"a b\"}}\nn 0 {{}}\n");
        let post = Post::parse(&text).unwrap();
        assert!(
            is_secret(post.secret, "s3cret") && !is_secret(post.secret, "s3cre") && !is_secret(post.secret, "s3crez")
        );
        assert_eq!((post.nonce, post.handled), (NONCE, 12));
        let lines: Vec<_> = post.lines().map(Option::unwrap).collect();
        assert_eq!(lines[1], Line { kind: LineKind::Request, id: 7, att: vec![], body: "{\"method\":\"a b\"}" });
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
                "l" => LineKind::Lane,
                _ => LineKind::Control,
            };
            let att = case["att"].as_array().into_iter().flatten().map(|each| each.as_u64().unwrap()).collect();
            let expected = Line { kind, id: case["id"].as_u64().unwrap(), att, body: case["body"].as_str().unwrap() };
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
        let many = format!("q 7{} {{}}", "+18446744073709551615".repeat(200));
        assert_eq!(Line::parse(&many), None);
        for line in [
            "",
            "q 1+ {}",
            "q +1 {}",
            "q 1+-2 {}",
            "q 1+x {}",
            "x 1 {}",
            "q {}",
            "q -1 {}",
            "q 1",
            "q 99999999999999999999 {}",
            "[object Object]",
        ] {
            assert_eq!(Line::parse(line), None, "{line}");
        }
    }
}
