//! What the drawings share: their frame with its name and description, and the marks on an axis of time.

use std::time::Duration;

use super::text;

/// Draws an image of this size in its own units. It scrolls by itself where the window is narrower; a screen reader is told
/// `title` and `description` instead of its parts.
pub fn svg(
    out: &mut String,
    id: &str,
    size: (u32, u32),
    title: &str,
    description: &str,
    draw: impl FnOnce(&mut String),
) {
    let (width, height) = size;
    let (title, description) = (text::escaped(title), text::escaped(description));
    out.push_str(&format!(
        "<div class=\"chart\" tabindex=\"0\" role=\"group\" aria-label=\"{title}\">\n\
         <svg id=\"{id}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n"
    ));
    draw(out);
    out.push_str("</svg>\n</div>\n");
}

/// Between two marks, so that there are at most `most` of them: 1, 2 or 5 of some power of ten.
pub fn step(of: Duration, most: u32) -> Duration {
    let least = of.as_secs_f64().max(1e-6) / f64::from(most.max(1));
    let decade = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * decade >= least * 0.999_999).unwrap_or(10.0);
    Duration::from_secs_f64(factor * decade).max(Duration::from_micros(1))
}

/// A time at a mark of an axis, without digits that say nothing: `0`, `200 ms`, `1.5 s`.
pub fn mark(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    let (amount, unit) = match us {
        ..0.5 => return "0".into(),
        ..1e3 => (us, "µs"),
        ..999_999.5 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    };
    let digits = format!("{amount:.3}");
    format!("{} {unit}", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        let of = |ms| mark(step(Duration::from_millis(ms), 6));
        assert_eq!(
            [0, 6, 7, 905, 1_957, 60_000, 3_600_000].map(of),
            ["1 µs", "1 ms", "2 ms", "200 ms", "500 ms", "10 s", "1000 s"]
        );
    }

    #[test]
    fn a_mark_has_no_idle_digits() {
        let us = [0, 20, 1_500, 200_000, 1_000_000, 2_500_000];
        assert_eq!(us.map(|us| mark(Duration::from_micros(us))), ["0", "20 µs", "1.5 ms", "200 ms", "1 s", "2.5 s"]);
    }
}
