//! The keys that one list can have, and what is said of a word that is none of them.

use syn::{Ident, ext::IdentExt};

use super::{KEYS, RETRY_KEYS};
use crate::diagnostics::nearest;

/// A key with values to write.
pub(super) type Known = (&'static str, &'static [&'static str]);

/// The keys of one list.
pub(super) struct Vocabulary {
    keys: &'static [Known],
    /// Words of other SDKs and libraries, for keys that are called otherwise here.
    other_words: &'static [(&'static str, &'static str)],
    /// The keys of the other list.
    others: &'static [Known],
    /// What is said of one of those, which has this value.
    say_elsewhere: fn(&str, &str) -> String,
}

/// What stands between the parentheses of the attribute.
pub(super) const OF_ACTIVITY: Vocabulary = Vocabulary {
    keys: KEYS,
    other_words: &[
        ("heartbeat", "heartbeat_timeout"),
        ("activity_name", "name"),
        ("activity_type", "name"),
        ("retry_policy", "retry"),
        ("backoff", "retry"),
        ("retries", "max_attempts"),
        ("max_retries", "max_attempts"),
        ("maximum_attempts", "max_attempts"),
        ("attempts", "max_attempts"),
        ("interval", "heartbeat_interval"),
        ("timeout", "start_to_close_timeout"),
        ("runtime", "max_runtime"),
        ("max_duration", "max_runtime"),
        ("hand_over", "max_runtime"),
        ("grace", "cancel_grace"),
        ("grace_period", "cancel_grace"),
    ],
    others: RETRY_KEYS,
    say_elsewhere: |key, example| {
        format!("`{key}` stands within `retry(…)`: write `retry({key} = {example})`")
    },
};

/// What stands between those of `retry(…)`.
pub(super) const OF_RETRY: Vocabulary = Vocabulary {
    keys: RETRY_KEYS,
    other_words: &[
        ("initial_delay", "initial_interval"),
        ("min_delay", "initial_interval"),
        ("interval", "initial_interval"),
        ("max_interval", "maximum_interval"),
        ("max_delay", "maximum_interval"),
        ("factor", "backoff_coefficient"),
        ("multiplier", "backoff_coefficient"),
        ("coefficient", "backoff_coefficient"),
        ("non_retryable", "non_retryable_error_types"),
        ("non_retryable_errors", "non_retryable_error_types"),
    ],
    others: KEYS,
    say_elsewhere: |key, example| {
        format!("`{key}` stands beside `retry(…)`, not within it: write `{key} = {example}` there")
    },
};

impl Vocabulary {
    fn find(&self, word: &str) -> Option<&Known> {
        self.keys.iter().find(|(name, _)| *name == word)
    }

    pub(super) fn has(&self, word: &Ident) -> bool {
        self.find(&word.unraw().to_string()).is_some()
    }

    /// A value that the key can have.
    pub(super) fn example(&self, key: &str) -> &'static str {
        self.find(key).and_then(|(_, values)| values.first()).copied().unwrap_or("…")
    }

    /// The key that was probably meant.
    pub(super) fn meant(&self, word: &str) -> Option<&'static str> {
        let names: Vec<&'static str> = self.keys.iter().map(|(name, _)| *name).collect();
        let lower = word.to_lowercase();
        if self.stands_elsewhere(&lower).is_some() {
            return None;
        }
        let other = self.other_words.iter().find(|(other, _)| *other == lower).map(|(_, key)| *key);
        let mut beginning_so = names.iter().filter(|name| name.starts_with(&lower));
        let only_one =
            beginning_so.next().filter(|_| lower.len() > 2 && beginning_so.next().is_none());
        other.or(only_one.copied()).or_else(|| nearest(&lower, &names))
    }

    /// What is said of a key of the other list.
    fn stands_elsewhere(&self, word: &str) -> Option<String> {
        // As the SDK calls it, within its policy.
        let word = if word == "maximum_attempts" { "max_attempts" } else { word };
        let (name, values) = self.others.iter().find(|(name, _)| *name == word)?;
        Some((self.say_elsewhere)(name, values.first().unwrap_or(&"…")))
    }

    /// What is said of a word that is no key.
    pub(super) fn unknown(&self, key: &Ident) -> String {
        let word = key.unraw().to_string();
        if let Some(elsewhere) = self.stands_elsewhere(&word.to_lowercase()) {
            elsewhere
        } else if let Some(key) = self.meant(&word) {
            format!("there is no key `{word}`; did you mean `{key}`?")
        } else {
            let names: Vec<_> = self.keys.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!("there is no key `{word}`: the keys are {}", names.join(", "))
        }
    }
}
