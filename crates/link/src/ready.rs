//! What a wait found.

/// Which sources of a wait have something; none of them when the time is up or the wake handle was used.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Ready {
    pub link: bool,
    pub log: bool,
}
