//! The header `Range`: a single range of bytes. Several at once are answered with the whole, which RFC 9110 allows.

/// What of so many bytes is wanted.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything: nothing less is asked, or nothing that we understand.
    All,
    /// So many bytes, from there.
    Of(u64, u64),
    /// Nothing that is there.
    None,
}

/// Reads the header's value, for something of `length` bytes.
pub fn part(range: &str, length: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Part::All;
    };
    let (first, last) = (first.trim(), last.trim());
    let (from, to) = match (number(first), number(last)) {
        (Some(from), Some(to)) if from <= to => (from, to),
        (Some(from), None) if last.is_empty() => (from, u64::MAX),
        (None, Some(count)) if first.is_empty() => {
            (length.saturating_sub(count), if count == 0 { 0 } else { u64::MAX })
        }
        _ => return Part::All,
    };
    let to = to.min(length.saturating_sub(1));
    let is_empty = from >= length || (first.is_empty() && number(last) == Some(0));
    if is_empty { Part::None } else { Part::Of(from, to - from + 1) }
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_rfc_9110_says() {
        for (range, expected) in [
            ("bytes=0-4", Part::Of(0, 5)),
            ("bytes=5-", Part::Of(5, 5)),
            ("bytes=-3", Part::Of(7, 3)),
            ("bytes=-30", Part::Of(0, 10)),
            ("bytes=9-9", Part::Of(9, 1)),
            ("bytes=0-99", Part::Of(0, 10)),
            ("bytes=10-", Part::None),
            ("bytes=10-12", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=4-3", Part::All),
            ("bytes=0-1,3-4", Part::All),
            ("bytes=a-b", Part::All),
            ("bytes=+1-2", Part::All),
            ("bytes=-", Part::All),
            ("items=0-1", Part::All),
            ("", Part::All),
            ("bytes=99999999999999999999-", Part::All),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-0", 0), Part::None);
        assert_eq!(part("bytes=-1", 0), Part::None);
        assert_eq!(part("bytes=0-18446744073709551615", u64::MAX), Part::Of(0, u64::MAX));
    }
}
