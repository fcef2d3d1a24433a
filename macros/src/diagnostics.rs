//! All that is wrong with one use of the attribute, reported at once.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// Gathers errors; must be asked for them in the end.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Vec<syn::Error>,
    asked: bool,
}

impl Diagnostics {
    /// Reports something at all tokens of `place`.
    pub(crate) fn at(&mut self, place: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(place, message));
    }

    /// Reports something at one span.
    pub(crate) fn at_span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Takes over what others have found.
    pub(crate) fn append(&mut self, mut others: Self) {
        others.asked = true;
        self.errors.append(&mut others.errors);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    /// A type that is the first error once more, for what is not known because of it.
    ///
    /// Said twice at one place the compiler shows it once. The length of this array is an error, and of
    /// a type that holds one the compiler says nothing else, wherever it goes.
    pub(crate) fn as_a_type(&self) -> Option<TokenStream> {
        let error = self.errors.first()?.to_compile_error();
        Some(quote!([(); { #error }]))
    }

    /// The errors as tokens, or nothing where all is well.
    pub(crate) fn into_compile_errors(mut self) -> Option<TokenStream> {
        self.asked = true;
        let errors = std::mem::take(&mut self.errors);
        let all = errors.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        })?;
        Some(all.into_compile_error())
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        debug_assert!(
            self.asked || std::thread::panicking(),
            "diagnostics were gathered for nothing"
        );
    }
}

/// The word of `known` that was probably meant, if one is near enough.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |known: &&&str| edit_distance(word, known);
    let nearest = known.iter().min_by_key(distance)?;
    (distance(&nearest) <= 1 + word.len() / 3).then_some(*nearest)
}

/// How many characters must be added, dropped or changed between two words.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, left) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let known = ["heartbeat_timeout", "stall_timeout", "name"];
        assert_eq!(nearest("heartbeat_timout", &known), Some("heartbeat_timeout"));
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("retries", &known), None);
    }
}
