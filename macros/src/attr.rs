//! The grammar of `#[activity(…)]`: `key = value` pairs, each key at most once.
//!
//! A pair that is wrong does not hide the ones after it: the list is cut at its commas first.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, Ident, Lit, Path, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::diagnostics::{Diagnostics, nearest};

/// Every key, in the order of the documentation.
const KEYS: [&str; 13] = [
    "heartbeat_timeout",
    "heartbeat_interval",
    "start_to_close_timeout",
    "schedule_to_close_timeout",
    "schedule_to_start_timeout",
    "max_attempts",
    "cancellation_type",
    "stall_timeout",
    "cancel_grace",
    "on_bad_checkpoint",
    "name",
    "definition",
    "crate",
];

/// The units that a person is likely to mean.
const UNITS: [&str; 12] =
    ["ms", "s", "sec", "second", "seconds", "m", "min", "minute", "minutes", "h", "hours", "days"];

/// A value together with the place where it was written.
#[derive(Clone)]
pub(crate) struct Written<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// One key: nothing, or what was written for it.
pub(crate) struct Key<T>(Option<Written<T>>);

impl<T> Default for Key<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Key<T> {
    pub(crate) fn written(&self) -> Option<&Written<T>> {
        self.0.as_ref()
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.0.as_ref().map(|written| &written.value)
    }

    /// The only place where a key is set, and so where a second one is noticed.
    fn set(&mut self, pair: &Pair, value: Option<T>, diagnostics: &mut Diagnostics) {
        if self.0.is_some() {
            diagnostics.at(&pair.key, format!("`{}` is written twice", pair.key));
        } else if let Some(value) = value {
            self.0 = Some(Written { value, span: pair.span() });
        }
    }
}

/// How long a body may go on after a cancellation.
#[derive(Clone, Copy)]
pub(crate) enum Grace {
    After(Duration),
    Never,
}

/// A word that stands for a variant of the runtime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    TryCancel,
    WaitCancellationCompleted,
    Abandon,
    Fail,
    Restart,
}

/// What was written between the parentheses.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) heartbeat_timeout: Key<Duration>,
    pub(crate) heartbeat_interval: Key<Duration>,
    pub(crate) start_to_close_timeout: Key<Duration>,
    pub(crate) schedule_to_close_timeout: Key<Duration>,
    pub(crate) schedule_to_start_timeout: Key<Duration>,
    pub(crate) max_attempts: Key<u32>,
    pub(crate) cancellation_type: Key<Choice>,
    pub(crate) stall_timeout: Key<Duration>,
    pub(crate) cancel_grace: Key<Grace>,
    pub(crate) on_bad_checkpoint: Key<Choice>,
    pub(crate) name: Key<Expr>,
    pub(crate) definition: Key<Path>,
    pub(crate) crate_path: Key<Path>,
    /// Keys that were written with a value that is wrong: not to be reported as missing too.
    pub(crate) mentioned: Vec<String>,
}

impl Keys {
    /// Reads the keys, and reports what is wrong with them.
    pub(crate) fn parse(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Self {
        let mut keys = Self::default();
        for tokens in cut_at_commas(tokens) {
            match Pair::parse.parse2(tokens) {
                Ok(pair) => keys.set(&pair, diagnostics),
                Err(error) => diagnostics.push(error),
            }
        }
        keys
    }

    pub(crate) fn mentions(&self, key: &str) -> bool {
        self.mentioned.iter().any(|mentioned| mentioned == key)
    }

    fn set(&mut self, pair: &Pair, diagnostics: &mut Diagnostics) {
        let key = pair.key.unraw().to_string();
        match key.as_str() {
            "heartbeat_timeout" => set_timeout(&mut self.heartbeat_timeout, pair, diagnostics),
            "heartbeat_interval" => set_timeout(&mut self.heartbeat_interval, pair, diagnostics),
            "start_to_close_timeout" => {
                set_timeout(&mut self.start_to_close_timeout, pair, diagnostics);
            }
            "schedule_to_close_timeout" => {
                set_timeout(&mut self.schedule_to_close_timeout, pair, diagnostics);
            }
            "schedule_to_start_timeout" => {
                set_timeout(&mut self.schedule_to_start_timeout, pair, diagnostics);
            }
            "stall_timeout" => set_timeout(&mut self.stall_timeout, pair, diagnostics),
            "max_attempts" => {
                let value = pair.count(diagnostics);
                self.max_attempts.set(pair, value, diagnostics);
            }
            "cancellation_type" => {
                let value = pair.choice(&CANCELLATION_TYPES, diagnostics);
                self.cancellation_type.set(pair, value, diagnostics);
            }
            "on_bad_checkpoint" => {
                let value = pair.choice(&ON_BAD_CHECKPOINT, diagnostics);
                self.on_bad_checkpoint.set(pair, value, diagnostics);
            }
            "cancel_grace" => {
                let value = pair.grace(diagnostics);
                self.cancel_grace.set(pair, value, diagnostics);
            }
            "name" => {
                let value = pair.syntax("a string", diagnostics);
                self.name.set(pair, value, diagnostics);
            }
            "definition" => {
                let value = pair.syntax("the path of an activity definition", diagnostics);
                self.definition.set(pair, value, diagnostics);
            }
            "crate" => {
                let value = pair.syntax("the path of this crate", diagnostics);
                self.crate_path.set(pair, value, diagnostics);
            }
            _ => unknown(&pair.key, diagnostics),
        }
        self.mentioned.push(key);
    }
}

const CANCELLATION_TYPES: [(&str, Choice); 3] = [
    ("wait_cancellation_completed", Choice::WaitCancellationCompleted),
    ("try_cancel", Choice::TryCancel),
    ("abandon", Choice::Abandon),
];

const ON_BAD_CHECKPOINT: [(&str, Choice); 2] =
    [("fail", Choice::Fail), ("restart", Choice::Restart)];

fn set_timeout(key: &mut Key<Duration>, pair: &Pair, diagnostics: &mut Diagnostics) {
    let value = pair.timeout(diagnostics);
    key.set(pair, value, diagnostics);
}

fn unknown(key: &Ident, diagnostics: &mut Diagnostics) {
    let word = key.unraw().to_string();
    let meant = nearest(&word, &KEYS).map(|key| format!("; did you mean `{key}`?"));
    diagnostics.at(
        key,
        format!(
            "there is no key `{word}`{} the keys are {}",
            meant.unwrap_or_else(|| ":".to_owned()),
            KEYS.map(|key| format!("`{key}`")).join(", "),
        ),
    );
}

/// Cuts a list at the commas that are not within parentheses.
fn cut_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
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
struct Pair {
    key: Ident,
    value: TokenStream,
}

impl Pair {
    fn parse(input: ParseStream) -> syn::Result<Self> {
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

    fn span(&self) -> Span {
        let first = self.value.clone().into_iter().next();
        first.map_or_else(|| self.key.span(), |token| token.span())
    }

    fn syntax<T: syn::parse::Parse>(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<T> {
        let parsed = syn::parse2(self.value.clone());
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

    fn timeout(&self, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let duration = self.duration(diagnostics)?;
        if duration.is_zero() {
            diagnostics.at(&self.value, format!("`{}` must be longer than zero", self.key));
            return None;
        }
        Some(duration)
    }

    fn grace(&self, diagnostics: &mut Diagnostics) -> Option<Grace> {
        if self.value.to_string() == "\"never\"" {
            return Some(Grace::Never);
        }
        self.duration(diagnostics).map(Grace::After)
    }

    fn count(&self, diagnostics: &mut Diagnostics) -> Option<u32> {
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

    fn choice(&self, words: &[(&str, Choice)], diagnostics: &mut Diagnostics) -> Option<Choice> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys, or the messages of what is wrong.
    fn parse(text: &str) -> (Keys, Option<String>) {
        let mut diagnostics = Diagnostics::default();
        let keys = Keys::parse(text.parse().unwrap(), &mut diagnostics);
        (keys, diagnostics.into_compile_errors().map(|errors| errors.to_string()))
    }

    fn complaint(text: &str) -> String {
        parse(text).1.unwrap_or_else(|| panic!("{text} was taken"))
    }

    #[test]
    fn durations_are_text_that_a_person_writes() {
        let (keys, errors) = parse(r#"heartbeat_timeout = "1h 30m", heartbeat_interval = "500ms""#);
        assert_eq!(errors, None);
        assert_eq!(keys.heartbeat_timeout.value(), Some(&Duration::from_mins(90)));
        assert_eq!(keys.heartbeat_interval.value(), Some(&Duration::from_millis(500)));
    }

    #[test]
    fn the_nearest_right_form_is_named() {
        for (written, right) in [
            ("heartbeat_timeout = 30", r#"\"30s\""#),
            ("heartbeat_timeout = 1.5", r#"\"1500ms\""#),
            (r#"heartbeat_timeout = "30""#, r#"\"30s\""#),
            (r#"heartbeat_timeout = "30 secnds""#, r#"\"30seconds\""#),
            (r#"heartbeat_timout = "30s""#, "did you mean `heartbeat_timeout`?"),
            (r#"on_bad_checkpoint = "ignore""#, r#"\"fail\", \"restart\""#),
            ("max_attempts = 0", "from 1"),
            ("heartbeat_timeout", "heartbeat_timeout = …"),
            (r#"heartbeat_timeout = "0s""#, "longer than zero"),
        ] {
            let complaint = complaint(written);
            assert!(complaint.contains(right), "{written}: {complaint}");
        }
    }

    #[test]
    fn a_pair_that_is_wrong_does_not_hide_the_others() {
        let complaint = complaint(r#"heartbeat_timeout = 30, name, retries = 3, name = "x""#);
        assert_eq!(complaint.matches("compile_error").count(), 3, "{complaint}");
    }

    #[test]
    fn a_key_is_written_once() {
        let complaint = complaint(r#"name = "a", name = "b""#);
        assert!(complaint.contains("`name` is written twice"), "{complaint}");
    }

    #[test]
    fn a_path_may_have_commas() {
        let (keys, errors) = parse("definition = other::Definition::<A, B>::run, max_attempts = 3");
        assert_eq!(errors, None);
        assert!(keys.definition.value().is_some());
        assert_eq!(keys.max_attempts.value(), Some(&3));
    }

    #[test]
    fn never_is_a_grace() {
        let (keys, errors) = parse(r#"cancel_grace = "never""#);
        assert!(errors.is_none() && matches!(keys.cancel_grace.value(), Some(Grace::Never)));
    }
}
