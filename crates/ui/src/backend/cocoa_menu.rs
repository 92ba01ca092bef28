//! The menu bar: on macOS the keys for copy and paste work only for an application that has a menu with them.
#![allow(unsafe_code)] // AppKit's selectors; each use has its SAFETY note

use objc2::rc::Retained;
use objc2::runtime::Sel;
use objc2::{MainThreadMarker, MainThreadOnly, sel};
use objc2_app_kit::{NSApplication, NSMenu, NSMenuItem};
use objc2_foundation::NSString;

/// Gives the application its menus, unless it has some. No item ends the process: its windows are the host's.
pub fn install(mtm: MainThreadMarker) {
    let application = NSApplication::sharedApplication(mtm);
    if application.mainMenu().is_some() {
        return;
    }
    let bar = NSMenu::new(mtm);
    let window = [("Close", sel!(performClose:), "w"), ("Minimize", sel!(performMiniaturize:), "m")];
    let edit = [
        ("Undo", sel!(undo:), "z"),
        ("Redo", sel!(redo:), "Z"),
        ("Cut", sel!(cut:), "x"),
        ("Copy", sel!(copy:), "c"),
        ("Paste", sel!(paste:), "v"),
        ("Select All", sel!(selectAll:), "a"),
    ];
    // The first menu is the application's own and shows the name of the program.
    for (title, items) in [("", &window[..]), ("Edit", &edit[..])] {
        let menu = NSMenu::initWithTitle(NSMenu::alloc(mtm), &NSString::from_str(title));
        for (name, action, key) in items {
            menu.addItem(&item(name, Some(*action), key, mtm));
        }
        let place = item(title, None, "", mtm);
        place.setSubmenu(Some(&menu));
        bar.addItem(&place);
    }
    application.setMainMenu(Some(&bar));
}

fn item(title: &str, action: Option<Sel>, key: &str, mtm: MainThreadMarker) -> Retained<NSMenuItem> {
    let (title, key) = (NSString::from_str(title), NSString::from_str(key));
    // SAFETY: each action is one that AppKit's windows and text views have; where nobody has it the item is grey.
    unsafe { NSMenuItem::initWithTitle_action_keyEquivalent(NSMenuItem::alloc(mtm), &title, action, &key) }
}
