//! What a wait found.

/// Which sources of a wait have something; none of them when the time is up or the wake handle was used.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ready {
    /// Which of the sockets, by their place.
    pub sockets: Vec<usize>,
    pub log: bool,
}
