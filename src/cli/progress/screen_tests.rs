//! What a terminal shows of the live view, by an emulated one.

use std::num::NonZero;

use indicatif::{ProgressBar, ProgressDrawTarget};
use vt100::Parser;

use super::*;

/// A terminal that can be resized and left, and what was written to it.
#[derive(Clone)]
struct Emulated(Arc<Mutex<State>>);

struct State {
    parser: Parser,
    facts: Facts,
    writes: usize,
}

fn at_least_one(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

impl Emulated {
    fn new(columns: u16) -> Emulated {
        let facts = Facts { columns: columns.into(), rows: 10, foreground: true };
        Emulated(Arc::new(Mutex::new(State {
            parser: Parser::new(at_least_one(10), at_least_one(columns), 0),
            facts,
            writes: 0,
        })))
    }

    fn screen(&self, reflows: bool) -> Screen {
        let facts = self.0.clone();
        Screen::new(Box::new(self.clone()), reflows, move || locked(&facts).facts)
    }

    /// As a program that writes to the same terminal.
    fn print(&self, text: &str) {
        locked(&self.0).parser.process(text.as_bytes());
    }

    /// As a terminal that cuts off what has no room.
    fn resize(&self, columns: u16) {
        let mut state = locked(&self.0);
        state.facts.columns = columns.into();
        state.parser.screen_mut().set_size(at_least_one(10), at_least_one(columns));
    }

    fn shown(&self) -> Vec<String> {
        let state = locked(&self.0);
        let columns = u16::try_from(state.facts.columns).unwrap();
        let mut rows: Vec<String> =
            state.parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    fn writes(&self) -> usize {
        locked(&self.0).writes
    }
}

impl Write for Emulated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = locked(&self.0);
        state.writes += 1;
        state.parser.process(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lays lines out as the progress does: by indicatif.
fn lay_out(screen: &Screen, lines: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(screen.clone())));
    bar.set_style(indicatif::ProgressStyle::with_template("{msg}").unwrap());
    bar.set_message(lines.to_owned());
    bar
}

fn show(screen: &Screen, lines: &str) -> ProgressBar {
    let bar = lay_out(screen, lines);
    screen.draw();
    bar
}

#[test]
fn lines_are_drawn_over_in_one_write_and_wiped_at_the_end() {
    let terminal = Emulated::new(40);
    let screen = terminal.screen(true);
    terminal.print("$ gfetch\r\n");
    let _bar = show(&screen, "one\ntwo\nthree");
    assert_eq!(terminal.shown(), ["$ gfetch", "one", "two", "three"]);
    let _bar = show(&screen, "1\n\x1b[31m2\x1b[0m");
    assert_eq!((terminal.shown(), terminal.writes()), (vec!["$ gfetch".into(), "1".into(), "2".into()], 2));
    screen.draw();
    assert_eq!(terminal.writes(), 2, "nothing has changed");
    screen.close();
    let _bar = show(&screen, "late");
    assert_eq!(terminal.shown(), ["$ gfetch"]);
    terminal.print("6 URLs");
    assert_eq!(terminal.shown(), ["$ gfetch", "6 URLs"]);
}

#[test]
fn what_is_written_between_stands_above() {
    let terminal = Emulated::new(40);
    let screen = terminal.screen(true);
    let _bar = show(&screen, "one\ntwo");
    let _next = lay_out(&screen, "new\nlines");
    {
        let _wiped = screen.wiped();
        assert_eq!(terminal.shown(), [""; 0]);
        terminal.print("200 a\r\n200 b\r\n");
    }
    assert_eq!(terminal.shown(), ["200 a", "200 b", "new", "lines"]);
}

#[test]
fn at_the_bottom_the_report_scrolls_and_nothing_of_the_view_stays() {
    let terminal = Emulated::new(40);
    let screen = terminal.screen(true);
    for number in 0..50 {
        let _bar = show(&screen, &format!("{number} done\n0:00"));
        let _wiped = screen.wiped();
        terminal.print(&format!("200 {number}\r\n"));
    }
    let expected: Vec<String> =
        (42..50).map(|number| format!("200 {number}")).chain(["49 done".into(), "0:00".into()]).collect();
    assert_eq!(terminal.shown(), expected);
}

#[test]
fn a_terminal_that_cuts_off_keeps_the_lines_above() {
    let terminal = Emulated::new(80);
    let screen = terminal.screen(false);
    terminal.print("200 a\r\n200 b\r\n200 c\r\n");
    let _bar = show(&screen, &format!("{}\n{}", "x".repeat(70), "y".repeat(70)));
    terminal.resize(30);
    let _bar = show(&screen, "short\nlines");
    assert_eq!(terminal.shown(), ["200 a", "200 b", "200 c", "short", "lines"]);
}

#[test]
fn one_that_breaks_lines_anew_is_wiped_as_it_stands_then() {
    let terminal = Emulated::new(80);
    let screen = terminal.screen(true);
    terminal.print("200 a\r\n");
    let _bar = show(&screen, &format!("{}\n{}\nshort", "x".repeat(70), "y".repeat(61)));
    // What such a terminal makes of it at 30 columns: the lines take 3, 3 and 1 rows.
    terminal.resize(30);
    terminal.print("\x1b[H\x1b[J200 a\r\n");
    terminal.print(&format!("{}\r\n{}\r\nshort", "x".repeat(70), "y".repeat(61)));
    assert_eq!(terminal.shown().len(), 8);
    let _bar = show(&screen, "new");
    assert_eq!(terminal.shown(), ["200 a", "new"]);
}

#[test]
fn a_job_in_the_background_draws_nothing_and_one_brought_back_does() {
    let terminal = Emulated::new(40);
    let screen = terminal.screen(true);
    let _bar = show(&screen, "one\ntwo");
    drop(screen.wiped_soon().unwrap());
    assert_eq!(terminal.shown(), ["one", "two"]);
    {
        // Stopped, and sent on into the background while it is.
        let _wiped = screen.wiped_soon().unwrap();
        terminal.print("[1]+ Stopped\r\n$ ");
        locked(&terminal.0).facts.foreground = false;
    }
    let _bar = show(&screen, "one\n2");
    assert_eq!(terminal.shown(), ["[1]+ Stopped", "$"]);
    terminal.print("fg\r\n");
    locked(&terminal.0).facts.foreground = true;
    screen.draw();
    assert_eq!(terminal.shown(), ["[1]+ Stopped", "$ fg", "one", "2"]);
}

#[test]
fn what_others_have_written_over_is_left_to_them() {
    let terminal = Emulated::new(40);
    let screen = terminal.screen(true);
    let _bar = show(&screen, "one\ntwo");
    terminal.print("\r\n[1]+ Stopped\r\n$ fg\r\n");
    screen.forget();
    let _bar = show(&screen, "1\n2");
    assert_eq!(terminal.shown(), ["one", "two", "[1]+ Stopped", "$ fg", "1", "2"]);
}

#[test]
fn somebody_who_writes_for_ever_is_not_waited_for() {
    let screen = Emulated::new(40).screen(true);
    let _writing = locked(&screen.shared.inner);
    assert!(screen.wiped_soon().is_none());
    screen.forget();
    screen.close_soon();
}
