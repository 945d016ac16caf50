//! Owns how fast bodies may go (`--limit-rate`, `--limit-rate-total`): evenly, in small pieces, in each direction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::plan::Limits;
use crate::green::{self, Interrupt};
use crate::http::Throttle;

/// A piece is what may go in this part of a second, so that nothing comes in gushes.
const PIECES_PER_SECOND: u64 = 10;
/// No piece is larger: this is what one read brings.
const MAX_PIECE_BYTES: u64 = 64 * 1024;
/// Time that was not used is made up for as far as this: clocks wake late, and hosts pause.
const CATCH_UP: Duration = Duration::from_millis(100);

/// What all requests of a run share, on whichever hub they are. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Speeds {
    rate: Option<u64>,
    up: Option<Arc<Limiter>>,
    down: Option<Arc<Limiter>>,
}

impl Speeds {
    pub fn new(limits: &Limits) -> Speeds {
        let total = || limits.rate_total.map(|rate| Arc::new(Limiter::new(rate)));
        Speeds { rate: limits.rate, up: total(), down: total() }
    }

    /// The speed of one request's own body; none where nothing limits it.
    pub fn up(&self) -> Option<Speed> {
        self.of(&self.up)
    }

    /// That of an answer's.
    pub fn down(&self) -> Option<Speed> {
        self.of(&self.down)
    }

    fn of(&self, total: &Option<Arc<Limiter>>) -> Option<Speed> {
        let own = self.rate.map(|rate| Arc::new(Limiter::new(rate)));
        let limiters: Vec<_> = own.into_iter().chain(total.clone()).collect();
        (!limiters.is_empty()).then_some(Speed(limiters))
    }
}

/// How fast one body may go: as the slowest of its limiters says.
pub(super) struct Speed(Vec<Arc<Limiter>>);

impl Throttle for Speed {
    fn wait(&self, wanted: usize) -> Result<usize, Interrupt> {
        let piece = self.0.iter().map(|limiter| limiter.piece()).min().unwrap_or(MAX_PIECE_BYTES);
        let bytes = piece.min(wanted as u64);
        let now = green::now();
        let turn = self.0.iter().map(|limiter| limiter.book(bytes, now)).max().unwrap_or(now);
        let wait = turn.saturating_duration_since(now);
        if !wait.is_zero() {
            green::sleep(wait)?;
        }
        Ok(bytes as usize)
    }
}

/// A line of bookings, one behind the other, each as long as its bytes take.
struct Limiter {
    /// Above zero.
    bytes_per_s: u64,
    /// When what is booked has gone.
    free_at: Mutex<Instant>,
}

impl Limiter {
    fn new(bytes_per_s: u64) -> Limiter {
        Limiter { bytes_per_s: bytes_per_s.max(1), free_at: Mutex::new(green::now()) }
    }

    fn piece(&self) -> u64 {
        (self.bytes_per_s / PIECES_PER_SECOND).clamp(1, MAX_PIECE_BYTES)
    }

    /// The moment at which these bytes may have gone.
    fn book(&self, bytes: u64, now: Instant) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = (*free_at).max(now.checked_sub(CATCH_UP).unwrap_or(now));
        // At most 64 KiB at 1 byte a second: that fits.
        let takes = Duration::from_nanos(bytes * 1_000_000_000 / self.bytes_per_s);
        let end = begin.checked_add(takes).unwrap_or(begin);
        *free_at = end;
        end
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::green::ClockKind;

    fn story<T>(f: impl FnOnce() -> T) -> T {
        green::Config::new().clock(ClockKind::Virtual).run(f)
    }

    fn speeds(rate: Option<u64>, rate_total: Option<u64>) -> Speeds {
        Speeds::new(&Limits { rate, rate_total, ..Limits::default() })
    }

    /// Bytes that have gone at the end of each second.
    fn pour(speed: &Speed, bytes: usize) -> Vec<usize> {
        let (began, mut gone, mut each) = (green::now(), 0, Vec::new());
        while gone < bytes {
            gone += speed.wait(bytes - gone).unwrap();
            let second = (green::now() - began).as_millis().div_ceil(1000) as usize;
            each.resize(second.max(1), 0);
            *each.last_mut().unwrap() = gone;
        }
        each
    }

    #[test]
    fn bytes_go_evenly() {
        story(|| {
            assert_eq!(pour(&speeds(Some(1000), None).down().unwrap(), 3500), [1000, 2000, 3000, 3500]);
            assert_eq!(pour(&speeds(Some(3), None).up().unwrap(), 9), [3, 6, 9]);
            let second = pour(&speeds(Some(1 << 30), None).down().unwrap(), 1 << 30);
            assert!(second.len() == 1, "{second:?}");
            assert!(speeds(None, None).down().is_none());
        });
    }

    #[test]
    fn an_idle_time_is_not_made_up_for_by_a_gush() {
        story(|| {
            let speed = speeds(Some(1000), None).down().unwrap();
            green::sleep(Duration::from_secs(60)).unwrap();
            let second = pour(&speed, 2000);
            assert!(second[0] <= 1100, "{second:?}");
        });
    }

    #[test]
    fn all_requests_share_the_total_and_each_direction_has_its_own() {
        story(|| {
            let speeds = Rc::new(speeds(Some(800), Some(1000)));
            let began = green::now();
            let pours = |pick: fn(&Speeds) -> Option<Speed>| {
                let speed = pick(&speeds).unwrap();
                green::spawn(move || pour(&speed, 2000).len())
            };
            let down: Vec<_> = [0; 3].iter().map(|_| pours(Speeds::down)).collect();
            let up = pours(Speeds::up);
            assert_eq!(up.get().unwrap(), 3, "2,000 bytes at 800");
            down.iter().for_each(|one| drop(one.get()));
            assert_eq!((green::now() - began).as_secs_f64().round(), 6.0, "6,000 bytes at 1,000");
        });
    }
}
