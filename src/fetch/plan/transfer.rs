//! Which part of a body is asked for, under which condition, and what of its answer is kept beside it.

use std::path::PathBuf;
use std::time::SystemTime;

/// Parts, conditions, names and times of what is transferred. Without any of these a body is fetched whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// The ranges to ask for, as in `0-499`; a 206 to a single range must bring that one. (`-r`)
    pub range: Option<String>,
    /// Goes on where an earlier download ended. (`-C`)
    pub resume: Option<Resume>,
    /// Only what was changed since. (`-z`)
    pub time_condition: Option<TimeCondition>,
    /// Only what has another entity tag; the field's value. (`--etag-compare`)
    pub etag: Option<String>,
    /// Where the answer's entity tag is written. (`--etag-save`)
    pub etag_save: Option<PathBuf>,
    /// Files get the time of `Last-Modified`. (`-R`)
    pub remote_time: bool,
    /// Files get the name in `Content-Disposition`, made harmless, where there is one. (`-J`)
    pub remote_header_name: bool,
}

impl Transfer {
    /// Whether a part may be what comes: then content codings, of which it would be a part, are not asked for unbidden.
    pub fn is_partial(&self) -> bool {
        self.range.is_some() || self.resume.is_some()
    }

    /// Whether what comes is the whole, whenever it was changed.
    pub fn is_unconditional(&self) -> bool {
        !self.is_partial() && self.time_condition.is_none() && self.etag.is_none()
    }
}

/// Where an earlier download is continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// At the end of the file that is there (`-C -`); without a file at its beginning.
    AtEnd,
    /// At this byte (`-C 1000`); a file must have just so many bytes, or not be there.
    At(u64),
}

/// When a body is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeCondition {
    /// If it was changed after this.
    ModifiedSince(SystemTime),
    /// If it was not changed after this.
    UnmodifiedSince(SystemTime),
}

impl TimeCondition {
    /// The field that asks the server for it.
    pub fn field(self) -> (&'static str, String) {
        match self {
            TimeCondition::ModifiedSince(time) => ("If-Modified-Since", httpdate::fmt_http_date(time)),
            TimeCondition::UnmodifiedSince(time) => ("If-Unmodified-Since", httpdate::fmt_http_date(time)),
        }
    }

    /// Whether a body that was last changed then is wanted: a server need not know conditions. As in curl.
    pub fn holds(self, last_modified: SystemTime) -> bool {
        match self {
            TimeCondition::ModifiedSince(time) => last_modified > time,
            TimeCondition::UnmodifiedSince(time) => last_modified < time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_condition_is_a_field_and_a_rule() {
        let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
        let (newer, older) = (TimeCondition::ModifiedSince(at(784_111_777)), TimeCondition::UnmodifiedSince(at(10)));
        assert_eq!(newer.field(), ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()));
        assert_eq!(older.field().0, "If-Unmodified-Since");
        assert!(newer.holds(at(784_111_778)) && !newer.holds(at(784_111_777)));
        assert!(older.holds(at(9)) && !older.holds(at(10)));
    }
}
