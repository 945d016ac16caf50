//! Numbers as people read them, and the plain digits of records.

use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

/// Bytes with a binary unit and three digits: `169 B`, `46.3 KiB`, `199 KiB`, `1.0 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1_024.0;
    let mut unit = 0;
    // Rounded first, so that 1,023.6 KiB is 1.0 MiB and not 1024 KiB.
    while amount.round() >= 1_024.0 {
        amount /= 1_024.0;
        unit += 1;
    }
    let digits = usize::from((amount * 10.0).round() < 1_000.0);
    format!("{amount:.digits$} {}", UNITS[unit])
}

/// A time with three digits or so: `0.4 ms`, `44 ms`, `5.00 s`, `12.3 s`, `300 s`, `1 h 02 m`.
pub fn time(time: Duration) -> String {
    let us = time.as_micros();
    // Each limit lies where the next shorter form would round up to one digit more.
    match us {
        0 => "0 ms".into(),
        1..=94 => format!("{:.2} ms", us as f64 / 1e3),
        95..=9_949 => format!("{:.1} ms", us as f64 / 1e3),
        9_950..=999_499 => format!("{:.0} ms", us as f64 / 1e3),
        999_500..=9_994_999 => format!("{:.2} s", us as f64 / 1e6),
        9_995_000..=99_949_999 => format!("{:.1} s", us as f64 / 1e6),
        99_950_000..=3_599_499_999 => format!("{:.0} s", us as f64 / 1e6),
        _ => {
            let minutes = (us + 30_000_000) / 60_000_000;
            format!("{} h {:02} m", minutes / 60, minutes % 60)
        }
    }
}

/// Whole seconds as a clock shows them: `0:04`, `12:05`, `1:02:03`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// How many a second, with two digits at least: `0.3/s`, `9.9/s`, `312/s`, `10,234/s`.
pub fn per_second(rate: f64) -> String {
    // Rounded first, as in [`size`].
    match (rate * 10.0).round() < 100.0 {
        true => format!("{rate:.1}/s"),
        false => format!("{}/s", thousands(rate.round() as u64)),
    }
}

/// A whole number in groups of three: `203,276`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 URL`, `20,000 URLs`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// Whole microseconds, rounded: what a record holds.
pub fn micros(time: Duration) -> u64 {
    // Only the nanoseconds need rounding, and `as_nanos` divides 128 bits.
    let rounded = u64::from((time.subsec_nanos() + 500) / 1_000);
    time.as_secs().saturating_mul(1_000_000).saturating_add(rounded)
}

/// Appends a number's digits. (`write!` takes several times as long, and a record holds twenty.)
#[inline]
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(b'0' + number as u8),
        10..100_000_000 => {
            let digits = eight_digits(number as u32);
            // Pieces of one size are a store each, and what is too much of them is cut off.
            let zeros = (digits ^ ZEROS).trailing_zeros() / 8;
            out.extend_from_slice(&(digits >> (zeros * 8)).to_le_bytes());
            out.truncate(out.len() - zeros as usize);
        }
        _ => push_large_number(out, number),
    }
}

#[cold]
fn push_large_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends microseconds as seconds with six decimals, never an exponent.
#[inline]
pub fn push_seconds(out: &mut Vec<u8>, us: u64) {
    match us {
        0..10_000_000 => {
            let digits = eight_digits(us as u32);
            // The second's digit goes where the zero before it is, and a dot into its place.
            let second = digits >> 8 & 0xff;
            out.extend_from_slice(&(digits & !0xffff | u64::from(b'.') << 8 | second).to_le_bytes());
        }
        _ => push_many_seconds(out, us),
    }
}

#[cold]
fn push_many_seconds(out: &mut Vec<u8>, us: u64) {
    push_number(out, us / 1_000_000);
    out.push(b'.');
    out.extend_from_slice(&six_digits((us % 1_000_000) as u32));
}

/// The digits of what is below a million, with the zeros before them.
#[inline]
pub fn six_digits(number: u32) -> [u8; 6] {
    let [_, _, digits @ ..] = eight_digits(number).to_le_bytes();
    digits
}

/// Appends an address. (`Display` pads and counts, for each of the four.)
pub fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    let IpAddr::V4(ip) = ip else { return write!(out, "{ip}").expect("a Vec takes all") };
    for (place, octet) in ip.octets().into_iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        push_number(out, octet.into());
    }
}

/// `00000000`.
const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// The digits of a number below a hundred million, with the zeros before them, the first in the lowest byte: halves,
/// quarters and digits at once, in lanes of one word. Each factor is a reciprocal, exact for what its lanes hold.
#[inline]
fn eight_digits(number: u32) -> u64 {
    let number = u64::from(number);
    let halves = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let quarters = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((quarters * 103) >> 10) & 0xf_000f_000f_000f;
    let digits = tens | (quarters - tens * 10) << 8;
    digits | ZEROS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_and_roll_over_to_the_next_unit() {
        let sizes = [0, 169, 1_023, 1_024, 47_424, 102_348, 102_349, 203_276, 1_048_063, 1_048_064, 1 << 30, u64::MAX];
        let shown = [
            "0 B", "169 B", "1023 B", "1.0 KiB", "46.3 KiB", "99.9 KiB", "100 KiB", "199 KiB", "1023 KiB", "1.0 MiB",
            "1.0 GiB", "16.0 EiB",
        ];
        assert_eq!(sizes.map(size), shown);
    }

    #[test]
    fn times_have_three_digits_and_roll_over_to_the_next_form() {
        let micros = [
            0,
            40,
            94,
            95,
            400,
            9_949,
            9_950,
            44_000,
            301_000,
            999_499,
            999_500,
            5_000_000,
            9_994_999,
            9_995_000,
            99_949_999,
            99_950_000,
            3_599_499_999,
            3_599_500_000,
            3_749_999_999,
            3_750_000_000,
            86_400_000_000,
        ];
        let shown = [
            "0 ms",
            "0.04 ms",
            "0.09 ms",
            "0.1 ms",
            "0.4 ms",
            "9.9 ms",
            "10 ms",
            "44 ms",
            "301 ms",
            "999 ms",
            "1.00 s",
            "5.00 s",
            "9.99 s",
            "10.0 s",
            "99.9 s",
            "100 s",
            "3599 s",
            "1 h 00 m",
            "1 h 02 m",
            "1 h 03 m",
            "24 h 00 m",
        ];
        assert_eq!(micros.map(|us| time(Duration::from_micros(us))), shown);
    }

    #[test]
    fn clocks_begin_with_minutes_and_roll_over_to_hours() {
        let clocks = [0, 999, 4_999, 59_999, 60_000, 725_000, 3_599_999, 3_600_000, 3_723_000, 360_000_000];
        let shown = ["0:00", "0:00", "0:04", "0:59", "1:00", "12:05", "59:59", "1:00:00", "1:02:03", "100:00:00"];
        assert_eq!(clocks.map(|ms| clock(Duration::from_millis(ms))), shown);
    }

    #[test]
    fn rates_have_two_digits_at_least() {
        let rates = [0.0, 0.04, 0.25, 9.94, 9.95, 10.4, 312.4, 10_234.0, f64::NAN, f64::INFINITY].map(per_second);
        let shown = [
            "0.0/s",
            "0.0/s",
            "0.2/s",
            "9.9/s",
            "10/s",
            "10/s",
            "312/s",
            "10,234/s",
            "0/s",
            "18,446,744,073,709,551,615/s",
        ];
        assert_eq!(rates, shown);
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!(
            [0, 12, 999, 1_000, 203_276, 1_000_000].map(thousands),
            ["0", "12", "999", "1,000", "203,276", "1,000,000"]
        );
        assert_eq!([0, 1, 1_001].map(|n| counted(n, "URL")), ["0 URLs", "1 URL", "1,001 URLs"]);
    }

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let edges = (0..20).flat_map(|exponent| {
            let power = 10_u64.pow(exponent);
            [power - 1, power, power + 1]
        });
        // Each place counts through all its digits.
        let between = (0..100_000_000).step_by(9_973);
        for number in edges.chain(between).chain([u64::MAX]) {
            let (mut plain, mut seconds) = (Vec::new(), Vec::new());
            push_number(&mut plain, number);
            push_seconds(&mut seconds, number);
            assert_eq!(plain, number.to_string().into_bytes());
            assert_eq!(seconds, format!("{}.{:06}", number / 1_000_000, number % 1_000_000).into_bytes());
        }
    }

    #[test]
    fn microseconds_are_rounded() {
        assert_eq!([499, 500, 1_499].map(|ns| micros(Duration::from_nanos(ns))), [0, 1, 1]);
    }
}
