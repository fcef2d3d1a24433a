//! One `key = value`, and the kinds of value that a key can have.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    ExprPath, Ident, Lit, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use super::{Choice, Grace};
use crate::diagnostics::{Diagnostics, nearest};

/// The units that a person is likely to mean.
const UNITS: [&str; 12] =
    ["ms", "s", "sec", "second", "seconds", "m", "min", "minute", "minutes", "h", "hours", "days"];

/// Cuts a list at the commas that are not within parentheses.
pub(super) fn cut_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    // A comma within `<…>` belongs to a path.
    let mut angles = 0_usize;
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => angles += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => angles = angles.saturating_sub(1),
            TokenTree::Punct(punct) if punct.as_char() == ',' && angles == 0 => {
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

/// `key = value`, the value as it stands.
pub(super) struct Pair {
    pub(super) key: Ident,
    value: TokenStream,
}

impl Pair {
    pub(super) fn parse(input: ParseStream) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("expected a key, as in `heartbeat_timeout = \"30s\"`"));
        }
        let key = input.call(Ident::parse_any)?;
        if !input.peek(Token![=]) {
            let message = format!("`{key}` needs a value: write `{key} = …`");
            return Err(syn::Error::new_spanned(key, message));
        }
        let equals = input.parse::<Token![=]>()?;
        let value: TokenStream = input.parse()?;
        if value.is_empty() {
            return Err(syn::Error::new_spanned(equals, format!("`{key}` has no value")));
        }
        Ok(Self { key, value })
    }

    pub(super) fn span(&self) -> Span {
        let first = self.value.clone().into_iter().next();
        first.map_or_else(|| self.key.span(), |token| token.span())
    }

    pub(super) fn syntax<T: syn::parse::Parse>(
        &self,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        self.parsed(T::parse, what, diagnostics)
    }

    /// A path that may stand in an expression as well as in a type.
    pub(super) fn path(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<Path> {
        let plain = |input: ParseStream| match input.parse()? {
            ExprPath { qself: None, path, .. } => Ok(path),
            qualified => Err(syn::Error::new_spanned(qualified, "not a plain path")),
        };
        self.parsed(plain, what, diagnostics)
    }

    /// A path without arguments.
    pub(super) fn module(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<Path> {
        self.parsed(Path::parse_mod_style, what, diagnostics)
    }

    fn parsed<T>(
        &self,
        parser: fn(ParseStream) -> syn::Result<T>,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let parsed = parser.parse2(self.value.clone());
        if parsed.is_err() {
            diagnostics.at(&self.value, format!("`{}` takes {what}", self.key));
        }
        parsed.ok()
    }

    /// The text of a string literal.
    fn text(&self, example: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let advice = match syn::parse2::<Lit>(self.value.clone()) {
            Ok(Lit::Str(text)) => return Some(text.value()),
            Ok(Lit::Int(number)) if example.ends_with('s') => {
                format!("\"{}s\"", number.base10_digits())
            }
            Ok(Lit::Float(number)) if example.ends_with('s') => {
                let seconds = number.base10_parse().unwrap_or(0.0_f64).max(0.0);
                format!("\"{}ms\"", (seconds * 1000.0).round())
            }
            _ => format!("\"{example}\""),
        };
        let message = format!("`{}` takes text: write `{advice}`", self.key);
        diagnostics.at(&self.value, message);
        None
    }

    fn duration(&self, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let text = self.text("30s", diagnostics)?;
        match humantime::parse_duration(&text) {
            Ok(duration) => Some(duration),
            Err(error) => {
                let key = &self.key;
                let advice = advice(&text, &error);
                diagnostics.at(
                    &self.value,
                    format!("`{key}` is no duration: write {advice}, as in \"500ms\", \"30s\", \"1h 30m\""),
                );
                None
            }
        }
    }

    pub(super) fn timeout(&self, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let duration = self.duration(diagnostics)?;
        if duration.is_zero() {
            diagnostics.at(&self.value, format!("`{}` must be longer than zero", self.key));
            return None;
        }
        Some(duration)
    }

    pub(super) fn grace(&self, diagnostics: &mut Diagnostics) -> Option<Grace> {
        if self.value.to_string() == "\"never\"" {
            return Some(Grace::Never);
        }
        self.duration(diagnostics).map(Grace::After)
    }

    pub(super) fn count(&self, diagnostics: &mut Diagnostics) -> Option<u32> {
        let count = match syn::parse2::<Lit>(self.value.clone()) {
            Ok(Lit::Int(number)) => number.base10_parse().ok().filter(|count| *count > 0),
            _ => None,
        };
        if count.is_none() {
            let message = format!("`{}` takes a whole number from 1: write `3`", self.key);
            diagnostics.at(&self.value, message);
        }
        count
    }

    pub(super) fn choice(
        &self,
        words: &[(&str, Choice)],
        diagnostics: &mut Diagnostics,
    ) -> Option<Choice> {
        let text = self.text(words[0].0, diagnostics)?;
        let chosen = words.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            let message = format!("`{}` is one of {}", self.key, words.join(", "));
            diagnostics.at(&self.value, message);
        }
        chosen
    }
}

impl ToTokens for Pair {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.key.to_tokens(tokens);
        self.value.to_tokens(tokens);
    }
}

/// What was probably meant by a text that is no duration.
fn advice(text: &str, error: &humantime::DurationError) -> String {
    use humantime::DurationError::{NumberExpected, UnknownUnit};
    match error {
        UnknownUnit { unit, value, .. } if unit.is_empty() => format!("`\"{value}s\"`"),
        UnknownUnit { unit, value, .. } => {
            let unit = nearest(&unit.to_lowercase(), &UNITS).unwrap_or("s");
            format!("`\"{value}{unit}\"`")
        }
        NumberExpected(_) if text.parse::<f64>().is_ok() => format!("`\"{text}s\"`"),
        _ => "a number and a unit".to_owned(),
    }
}
