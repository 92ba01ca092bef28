//! Reports what changed about a window, for platforms that only say that something did.

use super::{Event, Report};
use auroraview_core::wire::WindowState;
use std::cell::RefCell;

/// What was last reported of one window.
pub struct Watched {
    last: RefCell<WindowState>,
    report: Report,
}

impl Watched {
    /// Nothing is reported yet, so the first look reports everything.
    pub fn new(report: Report) -> Self {
        Self { last: RefCell::default(), report }
    }

    /// Reports what differs from the last look. What `now` leaves out is not known at present and stays as it was.
    pub fn saw(&self, now: &WindowState) {
        let news = {
            let mut last = self.last.borrow_mut();
            WindowState {
                size: news(&mut last.size, now.size),
                position: news(&mut last.position, now.position),
                visible: news(&mut last.visible, now.visible),
                focused: news(&mut last.focused, now.focused),
                minimized: news(&mut last.minimized, now.minimized),
                maximized: news(&mut last.maximized, now.maximized),
                fullscreen: news(&mut last.fullscreen, now.fullscreen),
            }
        };
        if news != WindowState::default() {
            (self.report)(Event::Window(news));
        }
    }
}

fn news<T: PartialEq + Copy>(last: &mut Option<T>, now: Option<T>) -> Option<T> {
    let news = now.filter(|_| now != *last);
    *last = now.or(*last);
    news
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn each_change_is_reported_once_and_what_is_not_known_is_no_change() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let to = Rc::clone(&seen);
        let watched = Watched::new(Rc::new(move |event| {
            if let Event::Window(state) = event {
                to.borrow_mut().push(state);
            }
        }));
        let shown = WindowState { size: Some((8.0, 6.0)), minimized: Some(false), ..WindowState::default() };
        watched.saw(&shown);
        watched.saw(&shown);
        watched.saw(&WindowState { size: None, minimized: Some(true), ..WindowState::default() });
        watched.saw(&shown);
        let flag = |minimized| WindowState { minimized: Some(minimized), ..WindowState::default() };
        assert_eq!(seen.take(), [shown, flag(true), flag(false)]);
    }
}
