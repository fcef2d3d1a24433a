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
fn before(source: &str, line: usize, column: usize) -> &str {
    let lines = source.split_inclusive('\n').take(line.saturating_sub(1));
    let begin: usize = lines.map(str::len).sum();
    let own = source.get(begin..).unwrap_or_default();
    let place = own.char_indices().nth(column.saturating_sub(1)).map_or(own.len(), |(at, _)| at);
    source.get(..begin + place).unwrap_or_default()
}

/// What is around that which follows on a text: the last brace that is still open tells, by what stands
/// before it.
pub(crate) fn after(text: &str) -> Surroundings {
    let mut open: Vec<String> = Vec::new();
    let mut head = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = not_code(rest);
        if length > 0 {
            head.push(' ');
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        match character {
            '{' => open.push(std::mem::take(&mut head)),
            '}' => {
                open.pop();
                head.clear();
            }
            ';' => head.clear(),
            _ => head.push(character),
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    match open.last() {
        Some(head) if holds_methods(head) => Surroundings::AnImplBlock,
        _ => Surroundings::Unknown,
    }
}

/// Whether a brace after this opens an `impl`, or a trait: not a function that returns one.
fn holds_methods(head: &str) -> bool {
    let is_in_word = |character: char| character.is_alphanumeric() || character == '_';
    let words = head.split(|character| !is_in_word(character));
    let has = |word| words.clone().any(|it| it == word);
    (has("impl") || has("trait")) && !has("fn")
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
        return ends(2, "*/");
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
