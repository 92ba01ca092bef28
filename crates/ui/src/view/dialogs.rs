//! What a view asks its user, and that each question is answered once.

use super::{Message, View, notification};
use auroraview_core::wire::Dialog;

impl View {
    /// Asks the user something; never waits for them.
    pub fn ask_user(&mut self, id: u64, dialog: &Dialog) {
        if self.closing {
            return self.answer_host(id, Ok("null".into()));
        }
        self.dialogs.insert(id);
        self.backend.open_dialog(id, dialog);
    }

    /// The user answered, or gave up.
    pub(super) fn dialog_ended(&mut self, id: u64, answer: &serde_json::Value) {
        if self.dialogs.remove(&id) {
            self.answer_host(id, Ok(answer.to_string()));
        }
    }

    /// Takes the dialogs away, as if the user had given up.
    pub(super) fn give_up_dialogs(&mut self) {
        for id in std::mem::take(&mut self.dialogs) {
            self.backend.close_dialog(id);
            self.answer_host(id, Ok("null".into()));
        }
    }

    /// Nobody waits for a script, a dialog or a function of the page any more. A script that runs goes on; a function is
    /// told.
    pub fn forget(&mut self, id: u64) {
        if self.dialogs.remove(&id) {
            return self.backend.close_dialog(id);
        }
        self.scripts.remove(&id);
        self.lane.drop_script(id);
        self.lane.drop_request(id);
        if let Some(document) = self.document.as_mut()
            && document.asked.remove(&id)
        {
            let text = notification("$/cancelRequest", &serde_json::json!({ "id": id }));
            self.lane.push_control(Message::ours(document.generation, text));
        }
        self.go_on();
    }
}
