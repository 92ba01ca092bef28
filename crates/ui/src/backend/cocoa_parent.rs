//! macOS puts no window of one process inside a window of another: views there have windows of their own.

use super::{EmbeddableBackend, Report, engine};
use auroraview_core::wire::{Edge, ViewOptions};
use tao::window::Window;

/// There is none.
pub enum Embedded {}

/// Says so.
pub fn embed(
    _window: &Window,
    _page: &engine::Page,
    _container: u64,
    _options: &ViewOptions,
    _report: Report,
) -> Result<Embedded, String> {
    Err("macOS shows no window of one program inside another's: leave container out".into())
}

impl EmbeddableBackend for Embedded {
    fn focus(&self, _enter: Option<Edge>) {
        match *self {}
    }

    fn give_back(&self) {
        match *self {}
    }
}
