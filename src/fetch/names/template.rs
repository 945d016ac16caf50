//! The text of `-o`: what was typed, and what each entry contributes.
//!
//! A name is built component by component. One that holds only what was typed is taken as it is, `..` and a leading
//! slash included; one to which the entry contributed goes through [`safe::component`], as a whole, so that no mixture of
//! the two can become `..` or vanish.

use serde_json::Value;
use url::Url;

use super::{Name, components, safe};
use crate::fetch::list::Target;

/// The name of a body whose URL has none, as in curl.
pub const DEFAULT_NAME: &str = "curl_response";

/// Folders that `{path}` may make; of a longer path the last ones stay. No site is deeper, and a hostile list gets no
/// tree of thousands.
const MAX_FOLDERS: usize = 64;

/// One `-o`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Typed(String),
    /// `#N`, from 1; as typed where the URL has no such group.
    Part(usize),
    Index,
    Host,
    Path,
    Name,
    Ext,
    Id,
    Status,
}

/// Settled when the answer is there.
pub(super) const STATUS: &str = "{status}";

const PLACEHOLDERS: [(&str, Piece); 7] = [
    ("{index}", Piece::Index),
    ("{host}", Piece::Host),
    ("{path}", Piece::Path),
    ("{name}", Piece::Name),
    ("{ext}", Piece::Ext),
    ("{id}", Piece::Id),
    (STATUS, Piece::Status),
];

impl Template {
    /// Reads the value of an `-o`. Anything that is no placeholder is itself, as in curl, `#0` and `{}` too.
    pub fn parse(text: &str) -> Template {
        let (mut pieces, mut typed, mut rest) = (Vec::new(), String::new(), text);
        while let Some(c) = rest.chars().next() {
            let (piece, length) = match placeholder(rest) {
                Some(found) => found,
                None => {
                    typed.push(c);
                    rest = &rest[c.len_utf8()..];
                    continue;
                }
            };
            if !typed.is_empty() {
                pieces.push(Piece::Typed(std::mem::take(&mut typed)));
            }
            pieces.push(piece);
            rest = &rest[length..];
        }
        if !typed.is_empty() {
            pieces.push(Piece::Typed(typed));
        }
        Template { pieces }
    }

    /// Whether it can name more than one file, where URLs have at most so many groups: only such a template may serve
    /// several URLs. A `#N` without its group is as it was typed.
    pub fn is_distinguishing(&self, groups: usize) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Typed(_) | Piece::Status => false,
            Piece::Part(number) => *number <= groups,
            _ => true,
        })
    }

    /// Whether the name is known only once the answer is there.
    pub fn has_status(&self) -> bool {
        self.pieces.contains(&Piece::Status)
    }

    /// `-o -`.
    pub fn is_standard_output(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Typed(text)] if text == "-")
    }

    /// The name for entry `index`.
    pub(super) fn fill(&self, index: u64, target: &Target) -> Name {
        let mut builder = Builder::default();
        for piece in &self.pieces {
            match piece {
                Piece::Typed(text) => builder.typed(text),
                Piece::Part(number) => match target.glob_parts.get(number - 1) {
                    Some(part) => builder.contributed(part),
                    None => builder.typed(&format!("#{number}")),
                },
                Piece::Index => builder.contributed(&index.to_string()),
                Piece::Host => builder.contributed(target.url.host_str().unwrap_or_default()),
                Piece::Path => builder.path(&target.url),
                Piece::Name => builder.contributed(last_segment(&target.url)),
                Piece::Ext => builder.extension(safe::extension(last_segment(&target.url))),
                // Nothing in it that would be made harmless.
                Piece::Status => builder.contributed(STATUS),
                Piece::Id => builder.contributed(&id(target.id.as_ref())),
            }
        }
        builder.finish()
    }
}

/// What `-O` calls the body of `url`: its path's last segment, not decoded, as in curl.
pub(super) fn remote_name(url: &Url) -> String {
    safe::component(last_segment(url), true)
}

/// The last segment that is not empty: `a` of `/a/`, as curl does since 8.10.
fn last_segment(url: &Url) -> &str {
    url.path().rsplit('/').find(|segment| !segment.is_empty()).unwrap_or(DEFAULT_NAME)
}

/// A string as it is, anything else as compact JSON; nothing where there is no `id`.
fn id(id: Option<&Value>) -> String {
    match id {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The placeholder that `text` begins with, and its length.
fn placeholder(text: &str) -> Option<(Piece, usize)> {
    if let Some(after) = text.strip_prefix('#') {
        let digits = &after[..after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())];
        // A number with leading zeros could not be given back as typed; curl reads #01 as #1, nobody writes it.
        let number = digits.parse().ok().filter(|number| *number > 0 && !digits.starts_with('0'))?;
        return Some((Piece::Part(number), 1 + digits.len()));
    }
    let (name, piece) = PLACEHOLDERS.iter().find(|(name, _)| text.starts_with(name))?;
    Some((piece.clone(), name.len()))
}

/// A name in the making: the components that are done, each with the slash behind it, and the one that is not.
#[derive(Default)]
struct Builder {
    done: String,
    component: String,
    /// The entry contributed to the component, and whether it did so first.
    contributed: bool,
    contributed_first: bool,
    /// Where in `done` the first component stands that it contributed to.
    from: Option<usize>,
}

impl Builder {
    fn typed(&mut self, text: &str) {
        let mut parts = text.split('/');
        self.component.push_str(parts.next().unwrap_or_default());
        for part in parts {
            self.close();
            self.done.push('/');
            self.component.push_str(part);
        }
    }

    /// Adds `text` to this component; what is empty is `_`, so that no typed neighbour changes its meaning.
    fn contributed(&mut self, text: &str) {
        self.contributed_first |= self.component.is_empty();
        self.contributed = true;
        self.component.push_str(if text.is_empty() { "_" } else { text });
    }

    /// `{ext}` has no dot of its own; where there is no extension the dot before it goes too: `{index}.{ext}` is `7`.
    fn extension(&mut self, extension: Option<&str>) {
        match extension {
            Some(extension) => self.contributed(extension),
            None => {
                self.contributed = true;
                if self.component.ends_with('.') {
                    self.component.pop();
                }
            }
        }
    }

    /// `{path}` is the one contribution that may make folders.
    fn path(&mut self, url: &Url) {
        let mut segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        if url.path().ends_with('/') {
            segments.push(DEFAULT_NAME);
        }
        let kept = segments.split_off(segments.len().saturating_sub(MAX_FOLDERS));
        for (number, segment) in kept.into_iter().enumerate() {
            if number > 0 {
                self.close();
                self.done.push('/');
            }
            self.contributed(segment);
        }
    }

    fn close(&mut self) {
        let component = std::mem::take(&mut self.component);
        let contributed = std::mem::take(&mut self.contributed);
        let first = std::mem::take(&mut self.contributed_first);
        if contributed {
            self.from.get_or_insert(self.done.len());
        }
        self.done.push_str(&if contributed { safe::component(&component, first) } else { component });
    }

    fn finish(mut self) -> Name {
        self.close();
        let contributed = self.from.map_or(0, |from| components(&self.done[from..]));
        Name { text: self.done, contributed }
    }
}
