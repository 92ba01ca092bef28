//! Which keys of an embedded page go to the host: those it asked for, and those that the page does not use.
//!
//! The engine first asks the page. What nobody there uses it sends through GTK once more; then the key reaches the box
//! around the page.

use gtk::gdk::{self, ModifierType, keys::Key};
use gtk::glib::Propagation;
use gtk::prelude::*;
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;

/// Keys that the page may think about at a time: it answers in the order of the keys.
const THOUGHT_ABOUT: usize = 64;

/// A key with its modifiers, as in `Ctrl+Shift+S`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostKey {
    modifiers: ModifierType,
    key: Key,
}

impl HostKey {
    /// Reads one. None: there is no such key.
    pub fn parse(text: &str) -> Option<Self> {
        let (modifiers, name) = match text.rsplit_once('+') {
            Some(("", "")) => ("", "+"),
            Some((modifiers, "")) => (modifiers.strip_suffix('+')?, "+"), // `Ctrl++`
            Some(both) => both,
            None => ("", text),
        };
        let modifiers = modifiers.split('+').filter(|name| !name.is_empty()).map(modifier);
        Some(Self { modifiers: modifiers.collect::<Option<Vec<_>>>()?.into_iter().collect(), key: key(name)? })
    }

    fn fits(self, event: &gdk::EventKey) -> bool {
        event.keyval().to_lower() == self.key
            && event.state() & gtk::accelerator_get_default_mod_mask() == self.modifiers
    }
}

fn modifier(name: &str) -> Option<ModifierType> {
    match name.to_ascii_lowercase().as_str() {
        "ctrl" => Some(ModifierType::CONTROL_MASK),
        "shift" => Some(ModifierType::SHIFT_MASK),
        "alt" => Some(ModifierType::MOD1_MASK),
        "meta" => Some(ModifierType::SUPER_MASK),
        _ => None,
    }
}

/// Names as Qt writes them.
fn key(name: &str) -> Option<Key> {
    let mut letters = name.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(Key::from_unicode(letter).to_lower());
    }
    let gdk_name = match name.to_ascii_lowercase().as_str() {
        "space" => "space".into(),
        "esc" | "escape" => "Escape".into(),
        "enter" => "KP_Enter".into(),
        "return" => "Return".into(),
        "tab" => "Tab".into(),
        "del" | "delete" => "Delete".into(),
        "ins" | "insert" => "Insert".into(),
        "backspace" => "BackSpace".into(),
        "pgup" => "Page_Up".into(),
        "pgdown" => "Page_Down".into(),
        _ => capitalized(name),
    };
    let key = Key::from_name(&gdk_name);
    (*key != 0 && key != gdk::keys::constants::VoidSymbol).then_some(key)
}

/// `F5`, `Home`, `Left`.
fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + &rest.to_lowercase()
}

/// Keys by their hardware codes.
#[derive(Default)]
struct Keys {
    /// Held down.
    down: HashSet<u16>,
    /// Of these the host has seen the press.
    with_host: HashSet<u16>,
    /// The page has them, and has not said yet whether it uses them: code and time.
    asked: VecDeque<(u16, u32)>,
}

/// Calls `forward` (with whether it is the press) for each key that is the host's.
pub fn connect(
    window: &gtk::ApplicationWindow,
    host_keys: Vec<HostKey>,
    unused: bool,
    forward: impl Fn(&gdk::EventKey, bool) + 'static,
) {
    let keys = Rc::new(RefCell::new(Keys::default()));
    let forward = Rc::new(forward);
    let (seen, to) = (Rc::clone(&keys), Rc::clone(&forward));
    window.connect_key_press_event(move |_, event| {
        let (mut keys, code) = (seen.borrow_mut(), event.hardware_keycode());
        if keys.asked.contains(&(code, event.time())) {
            return Propagation::Proceed; // comes back from the page
        }
        keys.down.insert(code);
        if host_keys.iter().any(|key| key.fits(event)) {
            keys.with_host.insert(code);
            to(event, true);
            return Propagation::Stop;
        }
        keys.asked.push_back((code, event.time()));
        if keys.asked.len() > THOUGHT_ABOUT {
            keys.asked.pop_front();
        }
        Propagation::Proceed
    });
    let (seen, to) = (Rc::clone(&keys), Rc::clone(&forward));
    window.connect_key_release_event(move |_, event| {
        let mut keys = seen.borrow_mut();
        keys.down.remove(&event.hardware_keycode());
        if keys.with_host.remove(&event.hardware_keycode()) {
            to(event, false);
        }
        Propagation::Proceed
    });
    let Some(around) = window.child().filter(|_| unused) else { return };
    around.connect_key_press_event(move |_, event| {
        let (mut keys, code) = (keys.borrow_mut(), event.hardware_keycode());
        keys.asked.retain(|asked| *asked != (code, event.time()));
        forward(event, true);
        if keys.down.contains(&code) {
            keys.with_host.insert(code);
        } else {
            forward(event, false); // it was let go while the page thought about it
        }
        Propagation::Stop
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtk::gdk::keys::constants as key;

    #[test]
    fn keys_are_read_as_qt_writes_them() {
        let ctrl_shift = ModifierType::CONTROL_MASK | ModifierType::SHIFT_MASK;
        for (text, modifiers, key) in [
            ("F", ModifierType::empty(), key::f),
            ("Space", ModifierType::empty(), key::space),
            ("Ctrl+Shift+S", ctrl_shift, key::s),
            ("ctrl++", ModifierType::CONTROL_MASK, key::plus),
            ("Alt+F5", ModifierType::MOD1_MASK, key::F5),
            ("Meta+PgDown", ModifierType::SUPER_MASK, key::Page_Down),
            ("+", ModifierType::empty(), key::plus),
        ] {
            assert_eq!(HostKey::parse(text), Some(HostKey { modifiers, key }), "{text}");
        }
        for text in ["", "Ctrl+", "Hyper+X", "Ctrl+Nonsense", "NoKey"] {
            assert_eq!(HostKey::parse(text), None, "{text}");
        }
    }
}
