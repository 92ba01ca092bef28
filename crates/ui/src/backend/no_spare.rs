//! Engines whose page is made in its window and stays there: none is kept for a view that is still to come.

/// There is none.
pub enum Spare {}

impl Spare {
    /// None, here.
    pub fn make() -> Option<Self> {
        None
    }

    /// Whether it is of no use any more.
    pub fn is_gone(&self) -> bool {
        match *self {}
    }
}
