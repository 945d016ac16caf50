//! The search for a head's end, resumed where it stopped, and the bounds that hold while it lasts.
//!
//! Looks at each byte once however the bytes arrive, and judges them in their order, so that a drip and a whole
//! message meet the same error. What stands *in* the lines is httparse's business.

use std::ops::Range;

use super::error::ProtocolError;
use super::limits::{Limits, MAX_FIELDS};
use super::lines::find_line_feed;

/// How far the search for the empty line has come, in a buffer that only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// No line end is before this but those already seen.
    searched: usize,
    /// Where the line under search began.
    line_start: usize,
    /// Where the first line that is not empty began.
    head_start: usize,
    /// Lines of the head that have ended.
    lines: u32,
    empty_lines: u32,
    /// Bytes of the limit that heads before this one have used up.
    spent: u32,
}

impl Scan {
    /// A search for the next head of the same message, after heads of `spent` bytes.
    pub fn after(spent: u32) -> Scan {
        Scan { spent, ..Scan::default() }
    }

    /// Whether a byte of this head has been seen.
    pub fn has_begun(&self) -> bool {
        self.searched > 0
    }

    /// A head in so many bytes cannot break a limit of bytes; 0 once the search has begun.
    pub fn harmless_bytes(&self, limits: &Limits) -> usize {
        if self.has_begun() {
            return 0;
        }
        limits.first_line_bytes.min(limits.line_bytes).min(limits.head_bytes.saturating_sub(self.spent)) as usize
    }

    /// Fields of the head so far.
    pub fn fields(&self) -> usize {
        self.lines.saturating_sub(1) as usize
    }

    /// Bytes of the limit used up once the head that ends at `consumed` is.
    pub fn spent(&self, consumed: usize) -> u32 {
        self.spent + consumed as u32 // at most `head_bytes`, or it had been refused
    }

    /// Where the head stands in `input`, its empty line included and empty lines before it not; none before its end
    /// has come. `begins` judges the first line as soon as a byte of it is there.
    pub fn advance(
        &mut self,
        input: &[u8],
        limits: &Limits,
        begins: fn(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<Option<Range<usize>>, ProtocolError> {
        loop {
            if self.lines == 0 {
                begins(first_line(&input[self.line_start.min(input.len())..]))?;
            }
            let (window, too_long) = self.window(limits);
            let end = input.len().min(self.line_start + window);
            let from = self.searched.min(end);
            let Some(at) = find_line_feed(&input[from..end]) else {
                self.searched = end;
                return if end == self.line_start + window { Err(too_long) } else { Ok(None) };
            };
            if let Some(head) = self.line_ended(input, from + at, limits)? {
                return Ok(Some(head));
            }
        }
    }

    /// In how many bytes from its start the current line must have ended, and what it is if it has not.
    fn window(&self, limits: &Limits) -> (usize, ProtocolError) {
        let line_bytes = self.line_bytes(limits) as usize + "\r\n".len();
        let head_bytes = (limits.head_bytes as usize).saturating_sub(self.spent as usize + self.line_start);
        if head_bytes <= line_bytes {
            (head_bytes, ProtocolError::HeadTooLarge { limit: limits.head_bytes })
        } else {
            (line_bytes, self.line_too_long(limits))
        }
    }

    fn line_ended(
        &mut self,
        input: &[u8],
        newline: usize,
        limits: &Limits,
    ) -> Result<Option<Range<usize>>, ProtocolError> {
        let line = &input[self.line_start..newline];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.line_bytes(limits) as usize {
            return Err(self.line_too_long(limits));
        }
        let next = newline + 1;
        (self.searched, self.line_start) = (next, next);
        if !line.is_empty() {
            self.lines += 1;
            let limit = limits.fields.min(MAX_FIELDS);
            return if self.lines > limit + 1 { Err(ProtocolError::TooManyFields { limit }) } else { Ok(None) };
        }
        if self.lines > 0 {
            return Ok(Some(self.head_start..next));
        }
        self.empty_lines += 1;
        self.head_start = next;
        let limit = limits.empty_lines;
        if self.empty_lines > limit { Err(ProtocolError::TooManyEmptyLines { limit }) } else { Ok(None) }
    }

    fn line_bytes(&self, limits: &Limits) -> u32 {
        if self.lines == 0 { limits.first_line_bytes } else { limits.line_bytes }
    }

    fn line_too_long(&self, limits: &Limits) -> ProtocolError {
        ProtocolError::LineTooLong { line: self.lines + 1, limit: self.line_bytes(limits) }
    }
}

/// Nothing, where what is there may yet turn out to be an empty line.
fn first_line(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'\n', ..] | [b'\r'] | [b'\r', b'\n', ..] => &[],
        line => line,
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
