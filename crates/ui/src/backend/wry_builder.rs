//! What wry is told of a page, where wry makes it whole.

use auroraview_core::wire::ViewOptions;
use wry::{WebContext, WebViewBuilder};

/// A page of a view; `boot` is injected into every document of its main frame.
pub fn page<'a>(context: &'a mut Option<WebContext>, options: &ViewOptions, boot: String) -> WebViewBuilder<'a> {
    let builder = match context {
        Some(context) => WebViewBuilder::new_with_web_context(context),
        None => WebViewBuilder::new(),
    };
    let mut builder = builder
        .with_incognito(options.data_directory.is_none())
        .with_initialization_script_for_main_only(boot, true)
        .with_devtools(options.debug)
        .with_transparent(options.transparent);
    if let Some(color) = options.background_color.as_deref().and_then(rgba) {
        builder = builder.with_background_color(color);
    }
    builder
}

/// `#rrggbb` as wry wants it.
fn rgba(text: &str) -> Option<wry::RGBA> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?, 255))
}
