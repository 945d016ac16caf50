//! Keys as a hand presses them.

use serde_json::json;

use super::Page;

/// A key by what a page calls it, its number, and the text that it types.
#[derive(Clone, Copy)]
pub struct Key(&'static str, &'static str, u32, &'static str);

pub const TAB: Key = Key("Tab", "Tab", 9, "");
pub const ENTER: Key = Key("Enter", "Enter", 13, "\r");
pub const SPACE: Key = Key(" ", "Space", 32, " ");

impl Page<'_> {
    pub fn press(&mut self, Key(key, code, number, text): Key) {
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let event = json!({"key": key, "code": code, "windowsVirtualKeyCode": number});
        for (kind, text) in [(down, text), ("keyUp", "")] {
            let mut event = event.clone();
            event["type"] = kind.into();
            if !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses Tab until what has the focus fits; the page must have it within so many stops.
    #[track_caller]
    pub fn tab_to(&mut self, expression: &str) {
        for _ in 0..100 {
            if self.eval(&format!("((e) => {expression})(document.activeElement)")) == true {
                return;
            }
            self.press(TAB);
        }
        panic!("Tab never comes to {expression}");
    }
}
