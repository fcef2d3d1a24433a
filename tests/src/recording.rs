//! What a person sees of a program on a terminal, written down as it happens and drawn as a picture that
//! moves.
//!
//! ```sh
//! cargo build --examples
//! cargo run -p autobeat-tests --bin record
//! ```

mod drawing;
mod program;

use std::{
    num::NonZeroU16,
    thread,
    time::{Duration, Instant},
};

pub use self::program::Program;

/// How often the screen is looked at. A terminal's bars move about as often.
const LOOK: Duration = Duration::from_millis(120);

/// How long the last picture stays before it begins again.
const REST: Duration = Duration::from_secs(4);

/// A screen, and what stood on it since when.
pub struct Recording {
    screen: vt100::Parser,
    since: Instant,
    looks: Vec<Look>,
}

/// Everything that stood on the screen at one time.
struct Look {
    at: Duration,
    rows: Vec<Vec<Run>>,
}

/// Neighbours in one row that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    column: u16,
    text: String,
    colour: vt100::Color,
    is_bold: bool,
    is_dim: bool,
}

impl Recording {
    /// An empty screen. The time begins now.
    #[must_use]
    pub fn new(rows: NonZeroU16, columns: NonZeroU16) -> Self {
        Self { screen: vt100::Parser::new(rows, columns, 0), since: Instant::now(), looks: vec![] }
    }

    /// What a shell shows of a command that a person types.
    pub fn type_in(&mut self, command: &str) {
        self.show("\x1b[32m$\x1b[0m ");
        for letter in command.chars() {
            self.show(&letter.to_string());
            thread::sleep(Duration::from_millis(15));
        }
        thread::sleep(Duration::from_millis(300));
        self.show("\r\n");
    }

    /// Shows a text as if a program had written it.
    pub fn show(&mut self, text: &str) {
        self.screen.process(text.as_bytes());
        self.look();
    }

    /// Shows what a program writes for as long as that, or until it ends.
    pub fn follow(&mut self, program: &mut Program, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            while let Some(bytes) = program.wrote() {
                self.screen.process(&bytes);
            }
            self.look();
            if left.is_zero() || program.has_ended()? {
                return Ok(());
            }
            thread::sleep(LOOK.min(left));
        }
    }

    /// The picture: an SVG that moves, and that shows its end where nothing moves.
    #[must_use]
    pub fn draw(&self, title: &str) -> String {
        let (rows, columns) = self.screen.screen().size();
        drawing::draw(title, &self.looks, (rows.get(), columns.get()), self.since.elapsed() + REST)
    }

    fn look(&mut self) {
        let rows = runs(self.screen.screen());
        if self.looks.last().is_none_or(|last| last.rows != rows) {
            self.looks.push(Look { at: self.since.elapsed(), rows });
        }
    }
}

fn runs(screen: &vt100::Screen) -> Vec<Vec<Run>> {
    let (rows, columns) = screen.size();
    (0..rows.get()).map(|row| runs_of(screen, row, columns.get())).collect()
}

fn runs_of(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = vec![];
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation())
        else {
            continue;
        };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let (colour, is_bold, is_dim) = (cell.fgcolor(), cell.bold(), cell.dim());
        match runs.last_mut() {
            Some(run) if (run.colour, run.is_bold, run.is_dim) == (colour, is_bold, is_dim) => {
                run.text.push_str(text);
            }
            _ => runs.push(Run { column, text: text.to_owned(), colour, is_bold, is_dim }),
        }
    }
    for run in &mut runs {
        run.text.truncate(run.text.trim_end().len());
    }
    runs.retain(|run| !run.text.is_empty());
    runs
}
