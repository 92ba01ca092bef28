//! Systems that decide about the size of pages alone.

/// Nothing to ask for.
pub fn prefer_large_pages<T>(_room: &mut [T]) {}
