//! The list of pairs, cut before they are read: one that is wrong does not hide those after it.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Ident, parse::Parser};

use super::{pair::Pair, words::words_of_keys};
use crate::diagnostics::Diagnostics;

/// The pairs of a list, with `None` for one that is none, which was reported.
pub(super) fn pairs(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Vec<Option<Pair>> {
    let semicolons = tokens.clone().into_iter().filter(|token| is_punct(token, ';'));
    semicolons.for_each(|it| diagnostics.at(it, "keys are separated by commas: write `,`"));
    let parts = cut_at_commas(tokens).into_iter();
    let parts = parts.flat_map(|part| cut_before_keys(part, diagnostics));
    let parts: Vec<TokenStream> = parts.collect();
    let pair = |tokens| match Pair::parse.parse2(tokens) {
        Ok(pair) => Some(pair),
        Err(error) => {
            diagnostics.push(error);
            None
        }
    };
    parts.into_iter().map(pair).collect()
}

/// The words that stand where keys do.
pub(super) fn words(tokens: TokenStream) -> Vec<Ident> {
    let parts = cut_at_commas(tokens).into_iter();
    let first = parts.filter_map(|part| part.into_iter().next());
    first
        .filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word),
            _ => None,
        })
        .collect()
}

/// The keys whose value is one of some words, each with the bare word that stands there.
pub(super) fn values(tokens: TokenStream) -> Vec<(Ident, Ident)> {
    let have_words = words_of_keys().map(|(key, _)| key);
    let parts = cut_at_commas(tokens).into_iter();
    let pairs = parts.filter_map(|part| Pair::parse.parse2(part).ok());
    let with_words = pairs.filter(|pair| have_words.iter().any(|key| pair.key == key));
    with_words.filter_map(|pair| Some((pair.key.clone(), syn::parse2(pair.value).ok()?))).collect()
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

/// Cuts a list at the commas that are not within parentheses, and at what was written for one.
fn cut_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    // A comma within `<…>` belongs to a path.
    let mut angles = 0_usize;
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => angles = angles.saturating_sub(1),
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') && angles == 0 => {
                parts.push(TokenStream::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Cuts before a key that follows on another's value, where a comma was forgotten.
fn cut_before_keys(part: TokenStream, diagnostics: &mut Diagnostics) -> Vec<TokenStream> {
    let trees: Vec<TokenTree> = part.into_iter().collect();
    let is_equals = |at: usize| trees.get(at).is_some_and(|token| is_punct(token, '='));
    let mut parts = vec![TokenStream::new()];
    for (at, token) in trees.iter().enumerate() {
        if let TokenTree::Ident(key) = token
            && at > 1
            && is_equals(at + 1)
            && !is_equals(at + 2)
        {
            if !is_equals(at - 1) {
                diagnostics.at(key, format!("a comma is missing before `{key}`"));
            }
            parts.push(TokenStream::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend([token.clone()]);
        }
    }
    parts
}
