//! A window that is only remembered. It does what it is told at once; there is no window manager.

use super::super::Report;
use super::super::window_state::Watched;
use auroraview_core::wire::{Dialog, ViewOptions, WindowChange, WindowState};
use std::collections::VecDeque;

/// One window.
pub struct Window {
    watched: Watched,
    /// What the user is asked, oldest first.
    pub dialogs: VecDeque<(u64, Dialog)>,
    /// Addresses that went to the user's own programs.
    pub opened: Vec<String>,
}

impl Window {
    /// A window as the options want it; its state is reported.
    pub fn new(options: &ViewOptions, report: Report) -> Self {
        let watched = Watched::new(report);
        watched.saw(&WindowState {
            size: Some((options.width, options.height)),
            position: Some((options.x.unwrap_or(0.0), options.y.unwrap_or(0.0))),
            visible: Some(options.visible),
            focused: Some(options.visible),
            ..WindowState::default()
        });
        Self { watched, dialogs: VecDeque::new(), opened: Vec::new() }
    }

    /// The host wants a change.
    pub fn change(&self, change: &WindowChange) {
        let focused = if change.visible == Some(false) { Some(false) } else { change.focus.filter(|focus| *focus) };
        self.user_changed(&WindowState {
            size: change.size,
            position: change.position,
            visible: change.visible,
            focused,
            minimized: change.minimized,
            maximized: change.maximized,
            fullscreen: change.fullscreen,
        });
    }

    /// The user or the desktop did something to it.
    pub fn user_changed(&self, state: &WindowState) {
        self.watched.saw(state);
    }
}
