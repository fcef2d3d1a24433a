//! Where an attribute stands, which tokens do not say: the source around it is looked at.
//!
//! A method whose block has no `#[activities]` looks like a function of its own, where it has no
//! `self`, and what a function becomes cannot stand in an `impl`: rustc would complain about structs
//! that nobody wrote. Only what is sure is said; where the source cannot be had, nothing is.

use std::fs;

/// What an attribute's item stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// The body of an `impl`, or of a trait.
    AnImplBlock,
    /// Anything else, or nobody knows.
    Unknown,
}

/// What is around an attribute that stands here.
pub(crate) fn of(attribute: proc_macro::Span) -> Surroundings {
    if attribute.column() <= 1 {
        // At the margin there is nothing around it, and no file needs to be read.
        return Surroundings::Unknown;
    }
    let source = attribute.local_file().and_then(|path| fs::read_to_string(path).ok());
    source.map_or(Surroundings::Unknown, |source| {
        after(before(&source, attribute.line(), attribute.column()))
    })
}

/// What stands before a line and a column, which are counted from 1.
pub(crate) fn before(source: &str, line: usize, column: usize) -> &str {
    let lines = source.split_inclusive('\n').take(line.saturating_sub(1));
    let begin: usize = lines.map(str::len).sum();
    let own = source.get(begin..).unwrap_or_default();
    let place = own.char_indices().nth(column.saturating_sub(1)).map_or(own.len(), |(at, _)| at);
    source.get(..begin + place).unwrap_or_default()
}

/// What stands before a brace, or will, and within how many other brackets it does.
#[derive(Default)]
struct Head {
    text: String,
    depth: usize,
}

/// What is around that which follows on a text: the last brace that is still open tells, by what stands
/// before it.
pub(crate) fn after(text: &str) -> Surroundings {
    let mut open: Vec<Head> = Vec::new();
    let mut head = Head::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = not_code(rest);
        if length > 0 {
            head.text.push(' ');
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        match character {
            '{' => open.push(std::mem::take(&mut head)),
            '}' => head = open.pop().map(Head::goes_on).unwrap_or_default(),
            ';' if head.depth == 0 => head = Head::default(),
            _ => head.push(character),
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    match open.last() {
        Some(head) if head.holds_methods() => Surroundings::AnImplBlock,
        _ => Surroundings::Unknown,
    }
}

impl Head {
    fn push(&mut self, character: char) {
        match character {
            '(' | '[' => self.depth += 1,
            ')' | ']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.text.push(character);
    }

    /// What it is after a brace of its own was closed: a number in a type, as in `S<{ N }>`, ends nothing.
    fn goes_on(self) -> Self {
        let is_within = self.depth > 0 || self.text.trim_end().ends_with(['<', ',', '=']);
        if is_within { self } else { Self::default() }
    }

    /// Whether a brace after it opens an `impl`, or a trait: not a function that returns one.
    fn holds_methods(&self) -> bool {
        // `r#impl` is a name as any other.
        let is_in_word = |character: char| character.is_alphanumeric() || "_#".contains(character);
        let words: Vec<&str> = self.text.split(|it| !is_in_word(it)).collect();
        let is_block = words.contains(&"impl") || words.contains(&"trait");
        let names_function = self.text.match_indices("fn").any(|(at, _)| {
            let (before, after) = (self.text.get(..at), self.text.get(at + 2..));
            let begins = !before.unwrap_or_default().ends_with(is_in_word);
            let after = after.unwrap_or_default();
            // That of a type has no name.
            begins
                && after.starts_with(char::is_whitespace)
                && after.trim_start().starts_with(is_in_word)
        });
        // What a macro makes is not what it is matched with.
        is_block && !names_function && !self.text.contains("=>")
    }
}

/// How long the comment, text or character is with which this begins; zero where it is none.
fn not_code(text: &str) -> usize {
    let ends = |begin: usize, end: &str| {
        let rest = text.get(begin..).unwrap_or_default();
        rest.find(end).map_or(text.len(), |at| begin + at + end.len())
    };
    if text.starts_with("//") {
        return ends(2, "\n");
    }
    if text.starts_with("/*") {
        return comment(text);
    }
    let hashes = text.strip_prefix('r').map(|it| it.len() - it.trim_start_matches('#').len());
    if let Some(hashes) = hashes.filter(|hashes| text[1 + hashes..].starts_with('"')) {
        return ends(2 + hashes, &format!("\"{}", "#".repeat(hashes)));
    }
    match text.as_bytes() {
        [b'"', ..] => quoted(text, '"'),
        // A lifetime has no second quote.
        [b'\'', b'\\', ..] => quoted(text, '\''),
        [b'\'', ..] if text.chars().nth(2) == Some('\'') => {
            text.chars().take(3).map(char::len_utf8).sum()
        }
        _ => 0,
    }
}

/// The length of a comment that may hold others.
fn comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest.starts_with("*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of what stands between quotes, the quotes included.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        if character == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    text.len()
}
