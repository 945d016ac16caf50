//! The lines of the live view on the terminal: drawn in one write, wiped as they stand after a resize, and gone before
//! anything else is written, before the process stops, and at its end. The cursor is never hidden.
//!
//! ```text
//!   above: the report, and the shell's lines
//!   1,234 of 20,000 done · 12 failed · 64 in flight    ◄─┐ drawn: the cursor stays behind the last line, and each line
//!   12.3 MiB · 312/s · 0:04 · 0:12 left                  │ is shorter than the terminal is wide, so that none wraps
//!   slowest: slow.example/api/…/export.csv  12.3 s▮    ◄─┘ by itself
//! ```

use std::fmt;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::TermLike;

/// A terminal that takes nothing (Ctrl-S) keeps nobody longer from stopping or ending.
const PATIENCE: Duration = Duration::from_millis(200);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What a terminal is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub columns: usize,
    pub rows: usize,
    /// Whether we may draw: a job in the background would draw over the shell's line.
    pub foreground: bool,
}

/// The terminal as the live view needs it. Clones are the same.
#[derive(Clone)]
pub struct Screen {
    shared: Arc<Shared>,
}

struct Shared {
    facts: Box<dyn Fn() -> Facts + Send + Sync>,
    /// Whether the terminal breaks lines anew when it gets narrower: see [`Inner::rows`].
    reflows: bool,
    inner: Mutex<Inner>,
    /// What indicatif has written of the next frame, and the last one that is whole.
    next: Mutex<(Vec<String>, Vec<String>)>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    /// On the terminal now, and made for so many columns.
    drawn: Vec<String>,
    columns: usize,
    closed: bool,
}

/// Nothing is drawn while this is held; then the view is there again.
pub struct Wiped<'a> {
    screen: &'a Screen,
    inner: MutexGuard<'a, Inner>,
}

impl Screen {
    /// A view on what `out` writes to. Nothing is drawn yet.
    pub fn new(out: Box<dyn Write + Send>, reflows: bool, facts: impl Fn() -> Facts + Send + Sync + 'static) -> Screen {
        let inner = Inner { out, drawn: Vec::new(), columns: 0, closed: false };
        let (inner, next) = (Mutex::new(inner), Mutex::default());
        Screen { shared: Arc::new(Shared { facts: Box::new(facts), reflows, inner, next }) }
    }

    /// What the terminal is now. Never waits.
    pub fn facts(&self) -> Facts {
        (self.shared.facts)()
    }

    /// Draws what was laid out last.
    pub fn draw(&self) {
        self.draw_in(&mut locked(&self.shared.inner));
    }

    fn draw_in(&self, inner: &mut Inner) {
        let frame = locked(&self.shared.next).1.clone();
        inner.draw(self.facts(), self.shared.reflows, frame);
    }

    /// Takes the view away until what is returned is dropped.
    pub fn wiped(&self) -> Wiped<'_> {
        let inner = locked(&self.shared.inner);
        self.wipe(inner)
    }

    /// The same, unless somebody writes to a terminal that takes nothing.
    pub fn wiped_soon(&self) -> Option<Wiped<'_>> {
        self.locked_soon().map(|inner| self.wipe(inner))
    }

    fn locked_soon(&self) -> Option<MutexGuard<'_, Inner>> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.shared.inner.try_lock() {
                Ok(inner) => return Some(inner),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(LOOK_AGAIN),
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }

    fn wipe<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> Wiped<'a> {
        let facts = self.facts();
        inner.draw(facts, self.shared.reflows, Vec::new());
        Wiped { screen: self, inner }
    }

    /// Somebody else has written to the terminal, and the cursor is where he left it: what was drawn stays there.
    pub fn forget(&self) {
        if let Some(mut inner) = self.locked_soon() {
            inner.drawn.clear();
        }
    }

    /// Takes the view away for good.
    pub fn close(&self) {
        self.wiped().inner.closed = true;
    }

    /// The same from another thread, when the process is about to end.
    pub fn close_soon(&self) {
        if let Some(mut wiped) = self.wiped_soon() {
            wiped.inner.closed = true;
        }
    }
}

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        self.screen.draw_in(&mut self.inner);
    }
}

impl Inner {
    /// Draws `lines` where what is drawn stands. A terminal that is gone is nobody's failure.
    fn draw(&mut self, facts: Facts, reflows: bool, lines: Vec<String>) {
        let lines = if self.closed || !facts.foreground { Vec::new() } else { lines };
        if lines == self.drawn && (lines.is_empty() || facts.columns == self.columns) {
            return;
        }
        let mut text = String::new();
        if !self.drawn.is_empty() && facts.foreground {
            text.push('\r');
            match self.rows(facts, reflows) {
                1 => {}
                rows => text.push_str(&format!("\x1b[{}A", rows - 1)),
            }
        }
        for (number, line) in lines.iter().enumerate() {
            text.push_str(if number > 0 { "\r\n" } else { "" });
            text.push_str(line);
            text.push_str("\x1b[K");
        }
        text.push_str("\x1b[J");
        if facts.foreground {
            let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
        (self.drawn, self.columns) = (lines, facts.columns);
    }

    /// Rows that what is drawn takes by now. Most terminals break lines anew when they get narrower than these; some
    /// cut them off, where counting more rows would wipe lines of the report.
    fn rows(&self, facts: Facts, reflows: bool) -> usize {
        let rows = |line: &String| match reflows {
            true => console::measure_text_width(line).div_ceil(facts.columns.max(1)).max(1),
            false => 1,
        };
        self.drawn.iter().map(rows).sum()
    }
}

/// indicatif draws by moving, clearing and filling; here only its lines are taken, because what it fills up to the last
/// column a terminal takes for one long line, and breaks anew when it is resized.
impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(self.facts().columns).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.facts().rows).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    /// Each line comes with the spaces behind it, which are no line.
    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.bytes().all(|byte| byte == b' ') {
            locked(&self.shared.next).0.push(text.to_owned());
        }
        Ok(())
    }

    /// The frame is whole. It is drawn by [`Screen::draw`], or once what is written between is written.
    fn flush(&self) -> io::Result<()> {
        let mut next = locked(&self.shared.next);
        next.1 = mem::take(&mut next.0);
        Ok(())
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
