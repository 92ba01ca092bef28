//! Windows that pages want.

use super::View;
use crate::origin::{origin_of, outside, own_origin};
use auroraview_core::wire::NewWindowMode;

impl View {
    /// A page wants a window. It never gets one of ours. Unless somebody `asked`, only a document with the bridge may want one.
    pub(super) fn new_window(&mut self, url: &str, asked: bool) {
        if !asked && self.document.is_none() {
            return self.count_refused("a window that no user asked for");
        }
        let ours = origin_of(url) == own_origin(&self.options.app_id);
        let mode = self.options.new_window_mode;
        match mode {
            NewWindowMode::Browser => {
                if let Some(address) = outside(url) {
                    return self.backend.open_outside(address);
                }
            }
            NewWindowMode::Navigate if ours || outside(url).is_some_and(|url| url.starts_with("http")) => {
                return self.backend.navigate(url);
            }
            NewWindowMode::Navigate | NewWindowMode::Deny => {}
        }
        say!("a page was refused a window (new_window_mode={mode:?}): {url:.200}");
    }
}
