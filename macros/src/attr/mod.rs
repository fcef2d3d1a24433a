//! The grammar of `#[activity(…)]` and `#[activities(…)]`: `key = value` pairs, each key at most once.
//!
//! A pair that is wrong does not hide the ones after it: the list is cut at its commas first.

mod pair;

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::{Expr, Ident, Path, ext::IdentExt, parse::Parser};

use self::pair::{Pair, cut_at_commas};
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

impl<T: Clone> Key<T> {
    /// Takes another's value where there is none.
    fn or(&mut self, other: &Self) {
        if self.0.is_none() {
            self.0.clone_from(&other.0);
        }
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
    /// Where the attribute stands, for an error about what is not written.
    place: Option<Span>,
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
    pub(crate) fn parse(tokens: TokenStream, place: Span, diagnostics: &mut Diagnostics) -> Self {
        let mut keys = Self { place: Some(place), ..Self::default() };
        for tokens in cut_at_commas(tokens) {
            match Pair::parse.parse2(tokens) {
                Ok(pair) => keys.set(&pair, diagnostics),
                Err(error) => diagnostics.push(error),
            }
        }
        keys
    }

    /// These keys, and those of the block for what is not written here.
    pub(crate) fn or(mut self, block: &Self) -> Self {
        self.heartbeat_timeout.or(&block.heartbeat_timeout);
        self.heartbeat_interval.or(&block.heartbeat_interval);
        self.start_to_close_timeout.or(&block.start_to_close_timeout);
        self.schedule_to_close_timeout.or(&block.schedule_to_close_timeout);
        self.schedule_to_start_timeout.or(&block.schedule_to_start_timeout);
        self.max_attempts.or(&block.max_attempts);
        self.cancellation_type.or(&block.cancellation_type);
        self.stall_timeout.or(&block.stall_timeout);
        self.cancel_grace.or(&block.cancel_grace);
        self.on_bad_checkpoint.or(&block.on_bad_checkpoint);
        self.mentioned.extend_from_slice(&block.mentioned);
        self
    }

    /// Where the attribute stands.
    pub(crate) fn place(&self) -> Span {
        self.place.unwrap_or_else(Span::call_site)
    }

    /// Whether there is none that the SDK's own attribute does not have.
    pub(crate) fn are_the_sdks(&self) -> bool {
        self.mentioned.iter().all(|key| ["name", "definition", "crate"].contains(&key.as_str()))
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
                let value = pair.path("the path of an activity definition", diagnostics);
                self.definition.set(pair, value, diagnostics);
            }
            "crate" => {
                let value = pair.module("the path of this crate", diagnostics);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys, or the messages of what is wrong.
    fn parse(text: &str) -> (Keys, Option<String>) {
        let mut diagnostics = Diagnostics::default();
        let keys = Keys::parse(text.parse().unwrap(), Span::call_site(), &mut diagnostics);
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
