//! Whether an empty page is kept for the next view, when it is made, and whom it fits
//! (`docs/decisions/0009-warm-start.md`).

use auroraview_core::wire::ViewOptions;

/// What is known of the spare page. The engine has it; this says when it is to have one.
#[derive(Debug, Default)]
pub struct Stock {
    kept: bool,
    due: bool,
}

impl Stock {
    /// The host wants one from now on.
    pub fn keep(&mut self) {
        self.kept = true;
        self.due = true;
    }

    /// A view is made, and may take what is there.
    pub fn view_comes(&mut self) {
        self.due = self.kept;
    }

    /// The engine was asked for one. It is not asked again before the next view: an engine that cannot keep one would be
    /// asked for ever.
    pub fn filled(&mut self) {
        self.due = false;
    }

    /// Whether the engine is to be asked for one, as soon as no view is starting.
    pub fn is_due(&self) -> bool {
        self.due
    }
}

/// Whether a view may take it: one that keeps its cookies and storage in a folder has to be made with that folder.
/// Everything else is put into the page when the view is known.
#[allow(dead_code)] // asked where the engine keeps one
pub fn fits(options: &ViewOptions) -> bool {
    options.data_directory.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_for_a_spare_page_that_the_host_does_not_want() {
        let mut stock = Stock::default();
        stock.view_comes();
        assert!(!stock.is_due());
    }

    #[test]
    fn it_is_made_once_and_again_after_each_view() {
        let mut stock = Stock::default();
        for _ in 0..2 {
            stock.keep();
            stock.keep();
            assert!(stock.is_due());
            stock.filled();
            assert!(!stock.is_due(), "one that was asked for is not asked for again");
        }
        stock.view_comes();
        assert!(stock.is_due());
    }
}
