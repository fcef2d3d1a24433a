//! Where an attribute stands, which tokens do not say: the source around it is looked at.
//!
//! A method whose block has no `#[activities]` looks like a function of its own, where it has no
//! `self`, and what a function becomes cannot stand in an `impl`: rustc would complain about structs
//! that nobody wrote. Only what is sure is said; where the source cannot be had, nothing is.

use std::fs;

/// What an attribute's item stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// The body of an `impl`.
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
    source.map_or(Surroundings::Unknown, |source| at_line(&source, attribute.line()))
}

/// What is around a line, which are counted from 1.
pub(crate) fn at_line(source: &str, line: usize) -> Surroundings {
    let lines: Vec<&str> = source.lines().take(line).collect();
    let Some((own, before)) = lines.split_last() else { return Surroundings::Unknown };
    let is_outer = |line: &&str| {
        let text = line.trim();
        !text.is_empty() && !text.starts_with("//") && indentation(line) < indentation(own)
    };
    let Some(at) = before.iter().rposition(is_outer) else { return Surroundings::Unknown };
    let between = &before[at + 1..];
    let braces = |brace| between.iter().map(|line| line.matches(brace).count()).sum::<usize>();
    let head = before[at].trim();
    let is_impl = ["impl ", "impl<", "unsafe impl "].iter().any(|begin| head.starts_with(begin));
    if is_impl && head.ends_with('{') && !head.contains('}') && braces('{') == braces('}') {
        Surroundings::AnImplBlock
    } else {
        Surroundings::Unknown
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
