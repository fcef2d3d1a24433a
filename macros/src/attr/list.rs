//! The list of pairs, cut before they are read: one that is wrong does not hide those after it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Ident,
    parse::{ParseStream, Parser},
};

use super::{
    pair::Pair,
    vocabulary::{OF_ACTIVITY, Vocabulary},
    words::words_of_keys,
};
use crate::diagnostics::Diagnostics;

/// The pairs of a list, with `None` for one that is none, which was reported.
pub(super) fn pairs(
    tokens: TokenStream,
    vocabulary: &Vocabulary,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<Pair>> {
    let semicolons = tokens.clone().into_iter().filter(|token| is_punct(token, ';'));
    semicolons.for_each(|it| diagnostics.at(it, "keys are separated by commas: write `,`"));
    let parts = cut_at_commas(tokens).into_iter();
    let parts = parts.flat_map(|part| cut_before_keys(part, diagnostics));
    let parts: Vec<TokenStream> = parts.collect();
    let pair = |tokens| match parse(tokens, vocabulary) {
        Ok(pair) => Some(pair),
        Err(error) => {
            diagnostics.push(error);
            None
        }
    };
    parts.into_iter().map(pair).collect()
}

fn parse(tokens: TokenStream, vocabulary: &Vocabulary) -> syn::Result<Pair> {
    (|input: ParseStream| Pair::parse(input, vocabulary)).parse2(tokens)
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

/// The words that stand where keys do within the parentheses of this key.
pub(super) fn words_within(tokens: TokenStream, key: &str) -> Vec<Ident> {
    let mut parts = cut_at_commas(tokens).into_iter().map(TokenStream::into_iter);
    let within = parts.find_map(|mut part| match (part.next(), part.next()) {
        (Some(TokenTree::Ident(word)), Some(TokenTree::Group(group))) if word == key => {
            Some(group.stream())
        }
        _ => None,
    });
    within.map(words).unwrap_or_default()
}

/// The keys whose value is one of some words, each with the bare word that stands there.
pub(super) fn values(tokens: TokenStream) -> Vec<(Ident, Ident)> {
    let have_words = words_of_keys().map(|(key, _)| key);
    let parts = cut_at_commas(tokens).into_iter();
    let pairs = parts.filter_map(|part| parse(part, &OF_ACTIVITY).ok());
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
    let is_group = |at: usize| matches!(trees.get(at), Some(TokenTree::Group(it)) if it.delimiter() == Delimiter::Parenthesis);
    let mut parts = vec![TokenStream::new()];
    for (at, token) in trees.iter().enumerate() {
        if let TokenTree::Ident(key) = token
            && at > 1
            && (is_equals(at + 1) && !is_equals(at + 2)
                || key == "retry" && is_group(at + 1) && !is_equals(at - 1))
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
