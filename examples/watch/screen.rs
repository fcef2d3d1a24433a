//! Lines for a window of any size, or for a file.

use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};

/// How wide a window has to be for a bar, and how wide that is; a narrow one shows the percentage alone.
const BARS: [(usize, usize); 2] = [(120, 24), (72, 10)];

/// One running activity, as people see it.
pub(crate) struct Watched {
    pub key: String,
    pub activity_type: String,
    /// How much of it is done.
    pub part: Option<f64>,
    /// What stands beside its name and its bar, what matters most first.
    pub about: Vec<String>,
    /// What is said in words, at the end: as much of it as there is room for.
    pub words: String,
}

impl Watched {
    /// Whatever users and servers wrote: a control character in it would move all of a window.
    pub(crate) fn on_one_line(self) -> Self {
        let on_one_line = |text: String| text.replace(char::is_control, " ");
        Self {
            key: on_one_line(self.key),
            activity_type: on_one_line(self.activity_type),
            part: self.part,
            about: self.about.into_iter().map(on_one_line).collect(),
            words: on_one_line(self.words),
        }
    }

    fn name(&self) -> String {
        format!("{} {}", style(&self.activity_type).bold(), self.key)
    }

    /// All of it.
    fn plain(&self) -> String {
        let words = Some(&self.words).filter(|words| !words.is_empty());
        let parts: Vec<_> = self.about.iter().chain(words).map(String::as_str).collect();
        format!("{}: {}", self.name(), parts.join(" · "))
    }

    /// A line for a window of this width, with the name in so many columns.
    fn line(&self, width: usize, columns: usize) -> String {
        let name = self.name();
        let name = pad_str(&name, columns, Alignment::Left, Some("…"));
        let mut line = format!("{name}{} ", self.bar(width));
        for (index, part) in self.about.iter().enumerate() {
            let space = if index > 0 { " · " } else { "" };
            let is_last = index + 1 == self.about.len() && self.words.is_empty();
            let rest = if is_last { "" } else { " · …" };
            // Whole parts alone: the beginning of a number reads as another number.
            if measure_text_width(&format!("{line}{space}{part}{rest}")) > width {
                line = format!("{line}{space}…");
                return truncate_str(&line, width, "…").into_owned();
            }
            line = format!("{line}{space}{part}");
        }
        if !self.words.is_empty() {
            line = format!("{line} · {}", self.words);
        }
        truncate_str(&line, width, "…").into_owned()
    }

    /// As wide for all of a window, so that what follows stands in a column.
    fn bar(&self, width: usize) -> String {
        let (_, length) = BARS.into_iter().find(|(least, _)| width >= *least).unwrap_or_default();
        let Some(part) = self.part else {
            return " ".repeat(if length > 0 { length + 7 } else { 0 });
        };
        // The part is at most 1.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss
        )]
        let of = |length: usize| (part * length as f64) as usize;
        let (full, rest) = ("█".repeat(of(length)), "░".repeat(length - of(length)));
        let space = if length > 0 { " " } else { "" };
        format!("{space}{}{} {:>3} %", style(full).cyan(), style(rest).blue(), of(100))
    }
}

/// Lines that replace each other on a terminal, and follow each other elsewhere.
pub(crate) struct Screen {
    terminal: Term,
    shown: usize,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self { terminal: Term::buffered_stdout(), shown: 0 }
    }

    pub(crate) fn show(&mut self, watched: &[Watched]) -> std::io::Result<()> {
        let mut lines = match self.terminal.size_checked() {
            // The last column and row stay free: what is written there may move all of it.
            Some((rows, columns)) => {
                fitting(watched, usize::from(rows.max(1)) - 1, usize::from(columns.max(1)) - 1)
            }
            None => watched.iter().map(Watched::plain).collect(),
        };
        if lines.is_empty() {
            lines.push("no activity is running".to_owned());
        }
        self.terminal.clear_last_lines(self.shown)?;
        for line in &lines {
            self.terminal.write_line(line)?;
        }
        self.shown = if self.terminal.is_term() { lines.len() } else { 0 };
        self.terminal.flush()
    }
}

/// Lines for a window of this size.
fn fitting(watched: &[Watched], rows: usize, width: usize) -> Vec<String> {
    // The least that anything can be said in.
    let (rows, width) = (rows.max(1), width.max(1));
    let names = watched.iter().map(|activity| measure_text_width(&activity.name()));
    let columns = names.max().unwrap_or_default().min(width / 2);
    let mut lines: Vec<_> = watched.iter().map(|activity| activity.line(width, columns)).collect();
    if lines.len() > rows {
        let hidden = lines.len() - (rows - 1);
        lines.truncate(rows - 1);
        lines.push(truncate_str(&format!("… and {hidden} more"), width, "…").into_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched() -> Watched {
        let about = vec!["heartbeat 2.1 s ago".to_owned(), "attempt 12".to_owned()];
        let (key, activity_type) = ("import-7/1".to_owned(), "parse".to_owned());
        let words = "502 Bad Gateway\n<html>\u{1b}[2J".to_owned();
        Watched { key, activity_type, part: None, about, words }
    }

    #[test]
    fn a_text_of_several_lines_is_one_line() {
        let line = watched().on_one_line().line(200, 30);
        assert!(!line.contains('\n') && !line.contains("\u{1b}[2J"), "{line:?}");
        assert!(line.contains("attempt 12 · 502 Bad Gateway <html> [2J"), "{line:?}");
    }

    #[test]
    fn words_are_cut_and_hide_no_number() {
        let narrow = BARS[1].0 - 1;
        let all = watched().on_one_line().line(narrow, 16);
        let before = all.split("502").next().map(measure_text_width).unwrap_or_default();
        for width in 1..=narrow {
            let line = watched().on_one_line().line(width, 16.min(width / 2));
            assert!(measure_text_width(&line) <= width, "{width}: {line:?}");
            let is_whole =
                |part: &str| line.contains(part) || !line.contains(&part[..part.len() - 1]);
            assert!(["attempt 12", "2.1 s ago"].into_iter().all(is_whole), "{width}: {line:?}");
            assert_eq!(line.contains("502"), width >= before + "502…".chars().count(), "{line:?}");
        }
    }

    #[test]
    fn the_lowest_window_has_a_line() {
        for (rows, width) in (0..4).flat_map(|rows| [(rows, 79), (rows, 3), (rows, 0)]) {
            let lines = fitting(&[watched(), watched()], rows, width);
            assert!((1..=rows.max(1)).contains(&lines.len()), "{rows}: {lines:?}");
            assert!(lines.iter().all(|line| measure_text_width(line) <= width.max(1)), "{lines:?}");
        }
    }
}
