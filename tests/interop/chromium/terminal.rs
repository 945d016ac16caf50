//! A terminal's screen: the bytes that a program wrote, as the cells that they leave, and these as HTML.

/// What a cell looks like: its letter, and SGR's colour (30 to 37, 90 to 97; 0: the terminal's own), weight and faintness.
#[derive(Clone, Copy, PartialEq)]
struct Cell {
    letter: char,
    look: Look,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Look {
    colour: u32,
    bold: bool,
    faint: bool,
}

const BLANK: Cell = Cell { letter: ' ', look: Look { colour: 0, bold: false, faint: false } };

/// A screen that grows downward, as a terminal with its scrollback does.
#[derive(Default)]
pub struct Screen {
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
    look: Look,
}

impl Screen {
    /// What these bytes leave on a screen.
    pub fn of(bytes: &[u8]) -> Screen {
        let mut screen = Screen::default();
        let text = String::from_utf8_lossy(bytes);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => screen.column = 0,
                '\n' => screen.row += 1,
                '\u{8}' => screen.column = screen.column.saturating_sub(1),
                '\x1b' if letters.next_if_eq(&'[').is_some() => {
                    let mut parameters = String::new();
                    while let Some(part) = letters.next_if(|letter| !letter.is_ascii_alphabetic()) {
                        parameters.push(part);
                    }
                    screen.control(&parameters, letters.next().unwrap_or('m'));
                }
                letter if letter.is_control() => {}
                letter => screen.put(letter),
            }
        }
        screen
    }

    fn put(&mut self, letter: char) {
        let (column, look) = (self.column, self.look);
        let row = self.current();
        row.resize(row.len().max(column + 1), BLANK);
        row[column] = Cell { letter, look };
        self.column += 1;
    }

    fn current(&mut self) -> &mut Vec<Cell> {
        self.rows.resize(self.rows.len().max(self.row + 1), Vec::new());
        &mut self.rows[self.row]
    }

    fn control(&mut self, parameters: &str, what: char) {
        let numbers: Vec<u32> = parameters.split(';').map(|number| number.parse().unwrap_or(0)).collect();
        let times = numbers[0].max(1) as usize;
        let column = self.column;
        match what {
            'A' => self.row = self.row.saturating_sub(times),
            'B' => self.row += times,
            'C' => self.column += times,
            'D' => self.column = self.column.saturating_sub(times),
            'F' => (self.row, self.column) = (self.row.saturating_sub(times), 0),
            'G' => self.column = times - 1,
            'J' => {
                self.current().truncate(column);
                self.rows.truncate(self.row + 1);
            }
            'K' if numbers[0] == 2 => self.current().clear(),
            'K' => self.current().truncate(column),
            'm' => numbers.into_iter().for_each(|number| self.dress(number)),
            _ => {}
        }
    }

    fn dress(&mut self, number: u32) {
        match number {
            0 => self.look = Look::default(),
            1 => self.look.bold = true,
            2 => self.look.faint = true,
            22 => (self.look.bold, self.look.faint) = (false, false),
            30..=37 | 90..=97 => self.look.colour = number,
            39 => self.look.colour = 0,
            _ => {}
        }
    }

    /// The last rows, without blank ones at the end.
    fn last(&self, rows: usize) -> &[Vec<Cell>] {
        let blank = |row: &Vec<Cell>| row.iter().all(|cell| cell.letter == ' ');
        let end = self.rows.iter().rposition(|row| !blank(row)).map_or(0, |last| last + 1);
        &self.rows[end.saturating_sub(rows)..end]
    }

    pub fn text(&self) -> String {
        self.last(usize::MAX).iter().map(|row| row.iter().map(|cell| cell.letter).collect::<String>() + "\n").collect()
    }

    /// The last rows as the content of a `<pre>`.
    pub fn html(&self, rows: usize) -> String {
        let mut html = String::new();
        for row in self.last(rows) {
            for run in row.chunk_by(|one, other| one.look == other.look) {
                let Look { colour, bold, faint } = run[0].look;
                let text: String = run.iter().map(|cell| cell.letter).collect();
                let text = text.replace('&', "&amp;").replace('<', "&lt;");
                let weight = if bold {
                    " b"
                } else if faint {
                    " f"
                } else {
                    ""
                };
                html += &format!("<span class=\"c{colour}{weight}\">{text}</span>");
            }
            html.push('\n');
        }
        html
    }
}

#[test]
fn a_screen_is_what_the_bytes_leave() {
    let bytes = b"one\r\nlive\r\x1b[2Ktwo \x1b[31;1mred\x1b[0m\r\n\x1b[1A\x1b[3CX\n\rab\x1b[1Dc";
    let screen = Screen::of(bytes);
    assert_eq!(screen.text(), "one\ntwoXred\nac\n");
    let html = screen.html(2);
    assert_eq!(html, "<span class=\"c0\">twoX</span><span class=\"c31 b\">red</span>\n<span class=\"c0\">ac</span>\n");
}
