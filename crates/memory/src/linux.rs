//! Transparent huge pages (`madvise(2)`).
#![allow(unsafe_code)] // one call of the system; it has its SAFETY note

use rustix::mm::{Advice, madvise};

/// Of x86-64, and of arm64 with small pages of 4 KiB. Where they have another size, less of the memory is what it could be.
const LARGE: usize = 2 << 20;

/// Asks for large pages for what of `room` can be such, since all of it will be filled soon. Its content stays what it is.
///
/// It is a wish: a system that has no large pages, or was told to give none, gives small ones.
pub fn prefer_large_pages<T>(room: &mut [T]) {
    let start = room.as_mut_ptr().cast::<u8>();
    let before = start.align_offset(LARGE);
    let length = size_of_val(room).saturating_sub(before) / LARGE * LARGE;
    if length > 0 {
        // SAFETY: the range is inside of `room`, which is borrowed, and the advice changes no content.
        let _ = unsafe { madvise(start.wrapping_add(before).cast(), length, Advice::LinuxHugepage) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::read_to_string;
    use std::path::Path;

    /// Whether large pages were asked for the memory at `address`.
    fn is_asked_for(address: usize) -> bool {
        let maps = read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines().skip_while(|line| {
            let range = line.split_whitespace().next().and_then(|range| range.split_once('-'));
            let bound = |text| usize::from_str_radix(text, 16).ok();
            !range.is_some_and(|(from, to)| bound(from) <= Some(address) && Some(address) < bound(to))
        });
        let flags = lines.find_map(|line| line.strip_prefix("VmFlags:")).unwrap();
        flags.split(' ').any(|flag| flag == "hg")
    }

    #[test]
    fn large_pages_are_asked_for_and_the_content_stays_what_it_is() {
        let mut room = vec![7_u8; 16 << 20];
        let (start, end) = (room.as_ptr() as usize, room.as_ptr() as usize + room.len());
        // One byte more than large pages can hold, at each end.
        let (first, last) = ((start + 1).next_multiple_of(LARGE) - 1, (end - 1) / LARGE * LARGE);
        let places = [first, start + room.len() / 2, last];
        assert_eq!(places.map(is_asked_for), [false; 3]);
        prefer_large_pages(&mut room[first - start..=last - start]);
        assert!(room.iter().all(|byte| *byte == 7));
        let has_them = Path::new("/sys/kernel/mm/transparent_hugepage").exists();
        assert_eq!(places.map(is_asked_for), [false, has_them, false]);
    }

    #[test]
    fn what_is_too_small_is_left_alone() {
        for size in [0, 1, LARGE - 1] {
            prefer_large_pages(&mut vec![0_u8; size]);
        }
    }
}
