//! curl's URL globs: `{a,b}`, `[1-100]`, `[001-100:2]`, `[a-z]`, counted before, and expanded as they are asked for.
//!
//! An expansion is its number written in mixed radix, a digit a group, so nothing is kept between two of them:
//! ```text
//!   http://{a,b}.example/[1-3]     number 4 of 6  =  1 · 3 + 1   →   http://b.example/2
//!           2         3   ways                       ↑       ↑       the last group turns fastest
//! ```

mod parse;

use std::fmt;

/// Groups (`{…}` and `[…]`) in one URL: curl's own bound, and far above what a person types.
pub const MAX_GROUPS: usize = 100;
/// Members of one `{…}`, as in curl.
pub const MAX_MEMBERS: usize = 100_000;
/// Expansions of one URL. Expanding is lazy and could go on for ever; above this a range is more likely a slip of the
/// keyboard (`[1-99999999999]`) than a wish, and a list read by `-i` has no bound.
pub const MAX_EXPANSIONS: u64 = 100_000_000;
/// Digits that zero padding may ask for: all of a 64-bit number, and room for whoever numbers generously.
pub const MAX_PADDING: usize = 64;

/// A URL with its groups, parsed and counted, nothing expanded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pieces: Vec<Piece>,
    count: u64,
}

impl Glob {
    /// Parses `url` as curl does without `-g`: `\{ \} \[ \]` stand for themselves, IPv6 literals and `[]` are no ranges.
    /// Fails on unbalanced or nested braces, bad ranges, and on more than the `MAX_…` of this module.
    pub fn parse(url: &str) -> Result<Glob, GlobError> {
        let pieces = parse::pieces(url)?;
        let count = pieces.iter().try_fold(1u64, |product, piece| product.checked_mul(piece.ways()));
        match count {
            Some(count) if count <= MAX_EXPANSIONS => Ok(Glob { pieces, count }),
            _ => Err(GlobError { position: 1, message: format!("range overflow (over {MAX_EXPANSIONS} URLs)") }),
        }
    }

    /// How many URLs this stands for: 1 when there is no group.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many groups there are: the greatest N of a `#N` that one has.
    pub fn groups(&self) -> usize {
        self.pieces.iter().filter(|piece| !matches!(piece, Piece::Literal(_))).count()
    }

    fn expansion(&self, number: u64) -> Expansion {
        let (mut url, mut parts) = (String::new(), Vec::new());
        let mut place = self.count;
        for piece in &self.pieces {
            place /= piece.ways();
            let text = piece.text(number / place % piece.ways());
            url.push_str(&text);
            if !matches!(piece, Piece::Literal(_)) {
                parts.push(text);
            }
        }
        Expansion { url, parts }
    }
}

impl IntoIterator for Glob {
    type Item = Expansion;
    type IntoIter = Expansions;

    fn into_iter(self) -> Expansions {
        Expansions { glob: self, next: 0 }
    }
}

/// The expansions of a [`Glob`], made one by one; the last group varies fastest, as in curl.
#[derive(Clone, Debug)]
pub struct Expansions {
    glob: Glob,
    next: u64,
}

impl Iterator for Expansions {
    type Item = Expansion;

    fn next(&mut self) -> Option<Expansion> {
        let number = self.next;
        (number < self.glob.count).then(|| {
            self.next += 1;
            self.glob.expansion(number)
        })
    }
}

/// One URL of a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The URL with every group replaced.
    pub url: String,
    /// What each group became, in order: `#1` of an `-o` template is `parts[0]`.
    pub parts: Vec<String>,
}

/// Why a URL is no glob: curl's words, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobError {
    /// Byte of the URL, counted from 1, as curl counts. For a range it is the `[` that opens it.
    pub position: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in URL position {}", self.message, self.position)
    }
}

impl std::error::Error for GlobError {}

/// A stretch of the URL: fixed text, or a group that stands for several.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Set(Vec<String>),
    /// ASCII only, so that every value is one character.
    Letters {
        first: u8,
        ways: u8,
        step: u8,
    },
    Numbers {
        first: u64,
        ways: u64,
        step: u64,
        width: usize,
    },
}

impl Piece {
    /// Never 0: the parser refuses an empty set and a step past the end.
    fn ways(&self) -> u64 {
        match self {
            Piece::Literal(_) => 1,
            Piece::Set(members) => members.len() as u64,
            Piece::Letters { ways, .. } => u64::from(*ways),
            Piece::Numbers { ways, .. } => *ways,
        }
    }

    fn text(&self, nth: u64) -> String {
        match self {
            Piece::Literal(text) => text.clone(),
            Piece::Set(members) => members[nth as usize].clone(),
            Piece::Letters { first, step, .. } => char::from(first + step * nth as u8).to_string(),
            Piece::Numbers { first, step, width, .. } => format!("{:0width$}", first + step * nth),
        }
    }
}

#[cfg(test)]
mod tests;
