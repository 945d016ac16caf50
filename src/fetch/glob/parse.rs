//! The syntax of globs: text in, pieces out. The positions are curl's: bytes, counted from 1.

use std::net::Ipv6Addr;

use super::{GlobError, MAX_GROUPS, MAX_MEMBERS, MAX_PADDING, Piece};

/// curl's bound for what can be an IPv6 literal, zone included.
const MAX_LITERAL_BYTES: usize = 128;
/// curl counts in a signed 64-bit number.
const MAX_NUMBER: u64 = i64::MAX as u64;

/// Cuts `url` into pieces.
pub(super) fn pieces(url: &str) -> Result<Vec<Piece>, GlobError> {
    let mut cursor = Cursor { url, at: 0 };
    let (mut pieces, mut groups, mut literal) = (Vec::new(), 0, String::new());
    while let Some(c) = cursor.peek() {
        let open = cursor.at;
        let group = match c {
            '{' => set(&mut cursor)?,
            '[' => match bracket_literal(cursor.rest()) {
                Some(length) => {
                    literal.push_str(cursor.take(length));
                    continue;
                }
                None => range(&mut cursor)?,
            },
            '}' | ']' => return Err(error(open, "unmatched close brace/bracket")),
            _ => {
                literal.push(cursor.literal_char());
                continue;
            }
        };
        groups += 1;
        if groups > MAX_GROUPS {
            return Err(error(open, &format!("too many {{}} sets (over {MAX_GROUPS})")));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(group);
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

/// The length of a `[…]` that is no range: an IPv6 address (with or without zone), or nothing at all.
fn bracket_literal(text: &str) -> Option<usize> {
    let end = text.find(']').filter(|end| *end < MAX_LITERAL_BYTES)?;
    let inside = &text[1..end];
    let address = inside.split_once('%').map_or(inside, |(address, _zone)| address);
    (inside.is_empty() || address.parse::<Ipv6Addr>().is_ok()).then_some(end + 1)
}

/// `{a,b,c}`: members may be empty, but `{}` is an error, as in curl; a backslash takes the next character as it is.
fn set(cursor: &mut Cursor<'_>) -> Result<Piece, GlobError> {
    let open = cursor.at;
    cursor.take(1);
    let (mut members, mut member) = (Vec::new(), String::new());
    while let Some(c) = cursor.peek() {
        let at = cursor.at;
        cursor.take(c.len_utf8());
        match c {
            '{' | '[' => return Err(error(at, "nested brace")),
            ']' => return Err(error(at, "unexpected close bracket")),
            '}' if at == open + 1 => return Err(error(at, "empty string within braces")),
            '}' | ',' if members.len() == MAX_MEMBERS => {
                return Err(error(at, &format!("range overflow (over {MAX_MEMBERS} members)")));
            }
            '}' | ',' => {
                members.push(std::mem::take(&mut member));
                if c == '}' {
                    return Ok(Piece::Set(members));
                }
            }
            '\\' => member.push(cursor.take_char().unwrap_or('\\')),
            _ => member.push(c),
        }
    }
    Err(error(open, "unmatched brace"))
}

/// `[a-z]`, `[1-100]`, `[001-100:2]`.
fn range(cursor: &mut Cursor<'_>) -> Result<Piece, GlobError> {
    let open = cursor.at;
    cursor.take(1);
    let piece = match cursor.peek() {
        Some(c) if c.is_ascii_alphabetic() => letters(cursor),
        Some(c) if c.is_ascii_digit() => numbers(cursor),
        _ => return Err(error(open, "bad range specification")),
    };
    piece.ok_or_else(|| error(open, "bad range"))
}

/// From a letter to any ASCII character at most 25 further, so that `[Z-a]` is what it is in curl.
fn letters(cursor: &mut Cursor<'_>) -> Option<Piece> {
    let first = cursor.take_char()?;
    cursor.expect('-')?;
    let last = cursor.take_char().filter(char::is_ascii)?;
    let step = step(cursor)?;
    let (first, last) = (first as u8, last as u8);
    let ways = ways(u64::from(first), u64::from(last), step)?;
    (last - first <= b'z' - b'a').then_some(Piece::Letters { first, ways: ways as u8, step: step as u8 })
}

/// A leading zero in the first number asks for as many digits as that has.
fn numbers(cursor: &mut Cursor<'_>) -> Option<Piece> {
    let digits = cursor.digits();
    let first = number(digits)?;
    let width = if digits.starts_with('0') { digits.len() } else { 0 };
    cursor.expect('-')?;
    while cursor.expect(' ').or_else(|| cursor.expect('\t')).is_some() {}
    let last = number(cursor.digits())?;
    let step = step(cursor)?;
    let ways = ways(first, last, step)?;
    (width <= MAX_PADDING).then_some(Piece::Numbers { first, ways, step, width })
}

/// `]` or `:STEP]`.
fn step(cursor: &mut Cursor<'_>) -> Option<u64> {
    if cursor.expect(']').is_some() {
        return Some(1);
    }
    cursor.expect(':')?;
    let step = number(cursor.digits())?;
    cursor.expect(']')?;
    Some(step)
}

/// How many values there are; none for a range that runs backwards, stands still under a step, or is overstepped.
fn ways(first: u64, last: u64, step: u64) -> Option<u64> {
    let span = last.checked_sub(first)?;
    (step >= 1 && step <= span.max(1)).then(|| span / step + 1)
}

fn number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number| *number <= MAX_NUMBER)
}

fn error(at: usize, message: &str) -> GlobError {
    GlobError { position: at + 1, message: message.to_owned() }
}

/// Where the parser stands in the URL.
struct Cursor<'a> {
    url: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.url[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.rest()[..bytes];
        self.at += bytes;
        taken
    }

    fn take_char(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.rest().starts_with(wanted).then(|| self.at += wanted.len_utf8())
    }

    fn digits(&mut self) -> &'a str {
        let rest = self.rest();
        self.take(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()))
    }

    /// Outside groups a backslash escapes braces and brackets only; before anything else it is itself.
    fn literal_char(&mut self) -> char {
        if self.rest().starts_with('\\') && self.rest()[1..].starts_with(['{', '}', '[', ']']) {
            self.at += 1;
        }
        self.take_char().expect("the caller has peeked")
    }
}
