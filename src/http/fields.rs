//! Header fields: ordered, case-insensitive, duplicates kept (RFC 9110 section 5).
//!
//! Ten thousand of these live at once, so one has two allocations however many fields it holds: all names and values
//! back to back, and where each of them ends.
//!
//! ```text
//! bytes  H o s t e x a m p l e . o r g A c c e p t * / *
//! ends           4                    15          21    24      one pair (name, value) a field
//! ```

use std::fmt;

use super::given::Refused;

/// An ordered list of header fields. Names compare without case, keep the case they came with, and may repeat.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    bytes: Vec<u8>,
    ends: Vec<End>,
}

/// Where a field's name and value end in `bytes`; the name begins where the value before it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
struct End {
    name: u32,
    value: u32,
}

/// Why something was refused that would have gone into a message's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// A field name that is no token (RFC 9110 section 5.6.2).
    Name(String),
    /// A value with CR, LF, NUL or another control character, in the field of this name.
    Value(String),
    /// `Host`, where it is to be sent as HTTP/2's `:authority`, is empty or no authority (RFC 3986 section 3.2).
    Authority,
    /// More than 4 GiB of names and values.
    TooLarge,
    /// What nobody may give, because the sender says it.
    Given(Refused),
    /// A method that is no token.
    Method,
    /// A request target that is empty or has a space, a control character or a byte beyond ASCII.
    Target,
    /// A status outside 100 to 999.
    Status,
    /// A reason with a control character.
    Reason,
}

impl Fields {
    /// No fields, and no allocation.
    pub const fn new() -> Fields {
        Fields { bytes: Vec::new(), ends: Vec::new() }
    }

    /// No fields yet, with room for `count` of them whose names and values together have `bytes` bytes.
    pub fn with_capacity(count: usize, bytes: usize) -> Fields {
        Fields { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(count) }
    }

    /// Adds a field at the end. Spaces and tabs around the value are not part of it and are dropped.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        let value = trim(value.as_ref());
        self.check(name, value)?;
        self.push_parsed(name, value);
        Ok(())
    }

    /// Adds these fields, and a jar's cookies, which go in one field with those that are given (RFC 6265bis section 5.8.1):
    /// the jar's first, as in curl.
    pub(crate) fn push_with_cookies<'a>(
        &mut self,
        given: impl Iterator<Item = (&'a str, &'a [u8])>,
        mut cookies: Option<Vec<u8>>,
    ) -> Result<(), FieldError> {
        for (name, value) in given {
            match cookies.take_if(|_| name.eq_ignore_ascii_case("cookie")) {
                Some(of_jar) => self.push(name, [&of_jar, &b"; "[..], value].concat())?,
                None => self.push(name, value)?,
            }
        }
        cookies.map_or(Ok(()), |cookies| self.push("Cookie", cookies))
    }

    /// Makes this the only field of its name: in the place of the first that had it, else at the end.
    pub fn insert(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), FieldError> {
        let value = trim(value.as_ref());
        self.check(name, value)?;
        let mut after = Fields::with_capacity(self.len() + 1, self.bytes.len() + name.len() + value.len());
        let mut placed = false;
        for (had, old) in self.iter() {
            if !had.eq_ignore_ascii_case(name) {
                after.push_parsed(had, old);
            } else if !placed {
                after.push_parsed(name, value);
                placed = true;
            }
        }
        if !placed {
            after.push_parsed(name, value);
        }
        *self = after;
        Ok(())
    }

    /// Takes out every field of this name; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        if self.first(name).is_none() {
            return false;
        }
        let mut after = Fields::with_capacity(self.len(), self.bytes.len());
        for (had, value) in self.iter().filter(|(had, _)| !had.eq_ignore_ascii_case(name)) {
            after.push_parsed(had, value);
        }
        *self = after;
        true
    }

    /// The value of the first field of this name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The same as text; none also when it is not UTF-8.
    pub fn first_str(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The values of all fields of this name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.raw().filter(move |(had, _)| had.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Whether a comma-separated list, such as `Connection`, has this member (without case, over all its fields).
    pub fn contains_token(&self, name: &str, token: &str) -> bool {
        self.members(name).any(|member| member.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The members of a comma-separated list over all fields of this name, trimmed; empty ones too.
    pub fn members<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(members)
    }

    /// Names and values in order, as they were given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        // A name is a token and so ASCII; the default is never taken.
        self.raw().map(|(name, value)| (std::str::from_utf8(name).unwrap_or_default(), value))
    }

    /// How many fields there are, duplicates counted.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether a field of this name holds a secret, whoever it is from: one of [`CREDENTIALS`], or one that a proxy gets
    /// or a server says. Names are compared without case.
    pub fn is_secret(name: &str) -> bool {
        CREDENTIALS.iter().chain(&OTHER_SECRETS).any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Adds what a parser has already held to the same rules; all bytes together stay below 4 GiB.
    pub(in crate::http) fn push_parsed(&mut self, name: &str, value: &[u8]) {
        self.bytes.extend_from_slice(name.as_bytes());
        let name = self.bytes.len() as u32;
        self.bytes.extend_from_slice(value);
        self.ends.push(End { name, value: self.bytes.len() as u32 });
    }

    /// As [`Fields::iter`], names as bytes.
    pub(in crate::http) fn raw(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let (name, value) = (end.name as usize, end.value as usize);
            let field = (&self.bytes[start..name], &self.bytes[name..value]);
            start = value;
            field
        })
    }

    fn check(&self, name: &str, value: &[u8]) -> Result<(), FieldError> {
        check(name, value)?;
        match u32::try_from(self.bytes.len() + name.len() + value.len()) {
            Ok(_) => Ok(()),
            Err(_) => Err(FieldError::TooLarge),
        }
    }
}

/// The fields by which a request says who asks.
pub const CREDENTIALS: [&str; 4] = ["authorization", "cookie", "x-api-key", "x-auth-token"];

/// Secret beside them. `Authentication-Info` proves that the server knows the password (RFC 7616 section 3.5), so it is
/// made from it.
const OTHER_SECRETS: [&str; 4] =
    ["proxy-authorization", "set-cookie", "authentication-info", "proxy-authentication-info"];

/// Shows `***` for secrets, as the command does.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, value)| {
                (name, if Fields::is_secret(name) { "***".into() } else { String::from_utf8_lossy(value) })
            }))
            .finish()
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Name(name) => write!(f, "{name:?} is no field name"),
            FieldError::Value(name) => write!(f, "the value of {name} has a control character"),
            FieldError::Authority => f.write_str("the value of Host is no host"),
            FieldError::TooLarge => f.write_str("the fields are larger than 4 GiB"),
            FieldError::Given(refused) => write!(f, "the request {refused}"),
            FieldError::Method => f.write_str("the method is no token"),
            FieldError::Target => {
                f.write_str("the request target is empty, or has a space, a control character or no ASCII")
            }
            FieldError::Status => f.write_str("the status is not between 100 and 999"),
            FieldError::Reason => f.write_str("the reason has a control character"),
        }
    }
}

impl std::error::Error for FieldError {}

/// What each field must hold to.
pub(in crate::http) fn check(name: &str, value: &[u8]) -> Result<(), FieldError> {
    if !is_token(name.as_bytes()) {
        return Err(FieldError::Name(name.to_owned()));
    }
    if !is_text(value) {
        return Err(FieldError::Value(name.to_owned()));
    }
    Ok(())
}

/// RFC 9110 section 5.6.2: what a field name and a method are made of.
pub(in crate::http) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

pub(in crate::http) fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[byte as usize]
}

/// A look-up instead of comparisons: every byte of every name passes here.
const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

/// RFC 9110 section 5.5: visible characters, spaces, tabs and obs-text, so that nothing in it can end a line.
pub(in crate::http) fn is_text(text: &[u8]) -> bool {
    text.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// The members of one comma-separated value, trimmed; empty ones too.
pub(in crate::http) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim)
}

/// Without the optional white space around it: only space and tab (RFC 9110 section 5.6.3).
pub(in crate::http) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
