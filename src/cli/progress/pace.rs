//! How fast a run goes: smoothed, so that a figure can be read before it changes.

use std::time::{Duration, Instant};

/// What the rates shown are averaged over, and what the time left is judged by: a third of what is told comes from longer
/// ago than this.
const SHOWN_OVER: Duration = Duration::from_secs(3);
const JUDGED_OVER: Duration = Duration::from_secs(15);

/// Nobody plans by a longer one.
const LONGEST_LEFT: Duration = Duration::from_secs(100 * 3600);

/// Lines and bytes as they come.
pub struct Pace {
    last: (Instant, u64, u64),
    lines: Smoothed,
    bytes: Smoothed,
    steady: Smoothed,
}

impl Pace {
    /// Nothing has come by `now`.
    pub fn new(now: Instant) -> Pace {
        let [lines, bytes] = [Smoothed::over(SHOWN_OVER), Smoothed::over(SHOWN_OVER)];
        Pace { last: (now, 0, 0), lines, bytes, steady: Smoothed::over(JUDGED_OVER) }
    }

    /// So much has come by `now`, in all.
    pub fn note(&mut self, now: Instant, lines: u64, bytes: u64) {
        let (then, lines_then, bytes_then) = std::mem::replace(&mut self.last, (now, lines, bytes));
        let time = now.saturating_duration_since(then);
        let (lines, bytes) = (lines.saturating_sub(lines_then), bytes.saturating_sub(bytes_then));
        self.lines.add(time, lines);
        self.steady.add(time, lines);
        self.bytes.add(time, bytes);
    }

    /// Lines a second.
    pub fn lines(&self) -> f64 {
        self.lines.per_second()
    }

    /// Bytes a second.
    pub fn bytes(&self) -> f64 {
        self.bytes.per_second()
    }

    /// How long so many lines more will take, where that can be said.
    pub fn time_for(&self, lines: u64) -> Option<Duration> {
        let seconds = lines as f64 / self.steady.per_second();
        (seconds <= LONGEST_LEFT.as_secs_f64()).then(|| Duration::from_secs_f64(seconds))
    }
}

/// A mean in which what is older weighs less, exponentially; what came before the beginning weighs nothing.
struct Smoothed {
    over: Duration,
    mean: f64,
    weight: f64,
}

impl Smoothed {
    fn over(over: Duration) -> Smoothed {
        Smoothed { over, mean: 0.0, weight: 0.0 }
    }

    fn add(&mut self, time: Duration, amount: u64) {
        if time.is_zero() {
            return;
        }
        let old = (-time.as_secs_f64() / self.over.as_secs_f64()).exp();
        self.mean = self.mean * old + amount as f64 / time.as_secs_f64() * (1.0 - old);
        self.weight = self.weight * old + (1.0 - old);
    }

    fn per_second(&self) -> f64 {
        if self.weight > 0.0 { self.mean / self.weight } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: impl IntoIterator<Item = (u64, u64)>) -> Pace {
        let start = Instant::now();
        let (mut pace, mut now, mut lines) = (Pace::new(start), start, 0);
        for (ms, more) in steps {
            now += Duration::from_millis(ms);
            lines += more;
            pace.note(now, lines, lines * 1_000);
        }
        pace
    }

    #[test]
    fn a_steady_pace_is_told_exactly_from_the_first_moment() {
        for steps in [1, 10, 1_000] {
            let pace = after(vec![(100, 31); steps]);
            assert!((pace.lines() - 310.0).abs() < 1e-6 && (pace.bytes() - 310_000.0).abs() < 1e-3);
            assert_eq!(pace.time_for(620).map(|left| left.as_millis()), Some(2_000));
        }
    }

    #[test]
    fn a_pause_lets_it_fall_slowly_and_a_long_one_leaves_no_time_to_tell() {
        let paused = |ticks| after(vec![(100, 10); 600].into_iter().chain(vec![(100, 0); ticks]));
        assert!((30.0..40.0).contains(&paused(30).lines()), "{}", paused(30).lines());
        assert!((80.0..85.0).contains(&(1000.0 / paused(30).time_for(1_000).unwrap().as_secs_f64())));
        assert_eq!(paused(6_000).time_for(1_000), None);
        assert_eq!(after([]).time_for(1), None);
        assert_eq!((after([]).lines(), after([(0, 5)]).lines()), (0.0, 0.0));
    }

    #[test]
    fn uneven_ticks_make_no_difference() {
        let pace = after([(1_000, 100), (1, 0), (9, 1), (990, 99)].repeat(10));
        assert!((pace.lines() - 100.0).abs() < 1.0, "{}", pace.lines());
    }
}
