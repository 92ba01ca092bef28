//! What of a document is played: its title, and its script of steps.

/// The type of a script that is played here. Web engines skip scripts of types that they do not know.
const TYPE: &str = "application/x-auroraview-steps";

/// What is read of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its title, if it has one.
    pub title: Option<&'a str>,
    /// The texts of its scripts, in order.
    pub scripts: Vec<&'a str>,
}

/// Reads an HTML text.
pub fn read(html: &str) -> Document<'_> {
    // Same length, so that places in the one are places in the other.
    let lower = html.to_ascii_lowercase();
    let mut document = Document { title: None, scripts: Vec::new() };
    if let Some((title, _)) = element(html, &lower, "<title", "</title", 0) {
        document.title = Some(title.1.trim());
    }
    let mut from = 0;
    while let Some(((tag, text), end)) = element(html, &lower, "<script", "</script", from) {
        if tag.contains(TYPE) {
            document.scripts.push(text);
        }
        from = end;
    }
    document
}

/// The rest of the first opening tag behind `from`, the text inside, and where that ends.
fn element<'a>(
    html: &'a str,
    lower: &str,
    open: &str,
    close: &str,
    from: usize,
) -> Option<((&'a str, &'a str), usize)> {
    let tag = from + lower.get(from..)?.find(open)? + open.len();
    let inside = tag + lower.get(tag..)?.find('>')? + 1;
    let end = inside + lower.get(inside..)?.find(close)?;
    Some(((html.get(tag..inside)?, html.get(inside..end)?), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_and_the_scripts_of_our_type_are_read() {
        let html = "<!doctype html><TITLE> Ünicode </Title><script>1 < 2</script>
            <script type='application/x-auroraview-steps'>[1]</script><p>
            <Script Type=\"application/x-auroraview-steps\">[2]</SCRIPT>";
        assert_eq!(read(html), Document { title: Some("Ünicode"), scripts: vec!["[1]", "[2]"] });
    }

    #[test]
    fn what_is_cut_off_is_left_out() {
        for html in ["", "<title", "<title>x", "<script type=application/x-auroraview-steps>[1]", "<p>text"] {
            assert_eq!(read(html), Document::default(), "{html}");
        }
    }
}
