//! The `Date` field's value, formatted once a second and a thread.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `Sun, 06 Nov 1994 08:49:37 GMT`
const DATE_BYTES: usize = 29;

thread_local! {
    /// The second since 1970 and its text; no second is this far away.
    static LAST: Cell<(u64, [u8; DATE_BYTES])> = const { Cell::new((u64::MAX, [b' '; DATE_BYTES])) };
}

/// Appends the present date (RFC 9110 section 5.6.7).
pub(super) fn push_date(out: &mut Vec<u8>) {
    let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (last, mut text) = LAST.get();
    if second != last {
        text = format(second);
        LAST.set((second, text));
    }
    out.extend_from_slice(&text);
}

fn format(second: u64) -> [u8; DATE_BYTES] {
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
    text.as_bytes().try_into().expect("an HTTP date has 29 characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_has_the_form_of_rfc_9110() {
        assert_eq!(&format(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_date_is_now() {
        let mut out = Vec::new();
        (0..2).for_each(|_| push_date(&mut out));
        let said = httpdate::parse_http_date(std::str::from_utf8(&out[DATE_BYTES..]).unwrap()).unwrap();
        let past = SystemTime::now().duration_since(said).unwrap();
        assert!(past < Duration::from_secs(5), "{past:?}");
    }
}
