//! The user's own programs for addresses, by GIO.

use gtk::gio::{AppInfo, AppLaunchContext};
use gtk::glib::spawn_future_local;

/// Opens an address in the user's program for it.
pub fn open(address: String) {
    spawn_future_local(async move {
        if let Err(error) = AppInfo::launch_default_for_uri_future(&address, None::<&AppLaunchContext>).await {
            say!("cannot open {address:.200} in the user's browser: {error}");
        }
    });
}
