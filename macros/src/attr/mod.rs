//! The grammar of `#[activity(…)]` and `#[activities(…)]`: `key = value` pairs, each key at most once.
//!
//! A pair that is wrong does not hide the ones after it: the list is cut at its commas first.

mod duration;
mod list;
mod pair;
pub(crate) mod table;
mod words;

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::{Expr, Ident, Path, ext::IdentExt};

pub(crate) use self::{duration::written as duration_as_written, words::words_of_keys};
use self::{list::pairs, pair::Pair, table::with_keys};
use crate::diagnostics::{Diagnostics, nearest};

/// A value together with the place where it was written.
#[derive(Clone)]
pub(crate) struct Written<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
    /// Whether it stands on the block around, where it holds for other activities as well.
    pub(crate) is_inherited: bool,
}

/// One key.
#[derive(Clone, Default)]
pub(crate) enum Key<T> {
    #[default]
    Absent,
    /// Written with a value that is none, which was reported: not to be missed as well.
    Wrong,
    Written(Written<T>),
}

impl<T: Clone> Key<T> {
    /// Takes another's where there is none.
    fn or(&mut self, other: &Self) {
        if matches!(self, Self::Absent) {
            self.clone_from(other);
            if let Self::Written(written) = self {
                written.is_inherited = true;
            }
        }
    }
}

impl<T> Key<T> {
    pub(crate) fn written(&self) -> Option<&Written<T>> {
        match self {
            Self::Written(written) => Some(written),
            Self::Absent | Self::Wrong => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.written().map(|written| &written.value)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The only place where a key is set, and so where a second one is noticed.
    fn set(&mut self, pair: &Pair, value: Option<T>, diagnostics: &mut Diagnostics) {
        if !self.is_absent() {
            diagnostics.at(&pair.key, format!("`{}` is written twice", pair.key));
            return;
        }
        *self = match value {
            Some(value) => Self::Written(Written { value, span: pair.span(), is_inherited: false }),
            None => Self::Wrong,
        };
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
    Retry,
    Fail,
    Restart,
}

/// Where a key may stand, and whether methods take it from their block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// Anywhere; on a block for all its methods.
    Inherited,
    /// On one activity alone.
    Own,
    /// On a block or on a free function, never on a method.
    OfBlock,
}

macro_rules! home {
    (inherited) => {
        Home::Inherited
    };
    (own) => {
        Home::Own
    };
    (of_block) => {
        Home::OfBlock
    };
}

macro_rules! declare_keys {
    ($($name:literal $field:ident: $value:ty = $parse:ident, $home:ident,
        $meaning:literal, $default:literal, [$($example:literal),*];)*) => {
        /// What was written between the parentheses.
        #[derive(Default)]
        pub(crate) struct Keys {
            /// Where the attribute stands, for an error about what is not written.
            place: Option<Span>,
            /// Something that is no pair was written, which was reported.
            pub(crate) are_incomplete: bool,
            /// The words that stand where keys do, be they keys or half of one.
            pub(crate) words: Vec<Ident>,
            /// The bare words that stand where words of a key do, each with its key.
            pub(crate) values: Vec<(Ident, Ident)>,
            $(pub(crate) $field: Key<$value>,)*
        }

        /// Every key, in the order of the documentation, with values to write.
        pub(crate) const KEYS: &[(&str, &[&str])] = &[$(($name, &[$($example),*]),)*];

        /// What an editor shows of each key: what it means, and where it is not written.
        pub(crate) const MEANINGS: &[(&str, &str)] = &[$(($name, concat!(
            "Key of `#[activity]`: ", $meaning, ".\n\nWhere it is not written: ", $default, ".",
            "\n\nAs in:\n```text\n" $(, $name, " = ", $example, "\n")*, "```"
        )),)*];

        impl Keys {
            fn set(&mut self, pair: &Pair, diagnostics: &mut Diagnostics) {
                match pair.key.unraw().to_string().as_str() {
                    $($name => {
                        let value = pair.$parse(diagnostics);
                        self.$field.set(pair, value, diagnostics);
                    })*
                    _ => diagnostics.at(&pair.key, unknown(&pair.key)),
                }
            }

            /// What was probably meant by an unknown key is not to be missed as well.
            fn excuse(&mut self, meant: &str) {
                match meant {
                    $($name if self.$field.is_absent() => self.$field = Key::Wrong,)*
                    _ => {}
                }
            }

            /// These keys, and those of the block for what is not written here.
            pub(crate) fn or(mut self, block: &Self) -> Self {
                $(if home!($home) == Home::Inherited {
                    self.$field.or(&block.$field);
                })*
                self.are_incomplete |= block.are_incomplete;
                self
            }

            /// The keys that are one activity's, where they are written.
            pub(crate) fn own(&self) -> Vec<(&'static str, Span)> {
                self.at_home(Home::Own)
            }

            /// The keys that no method has, where they are written.
            pub(crate) fn of_block(&self) -> Vec<(&'static str, Span)> {
                self.at_home(Home::OfBlock)
            }

            fn at_home(&self, home: Home) -> Vec<(&'static str, Span)> {
                let mut found = Vec::new();
                $(if let Key::Written(written) = &self.$field && home!($home) == home {
                    found.push(($name, written.span));
                })*
                found
            }

            /// Whether there is none that the SDK's own attribute does not have.
            pub(crate) fn are_the_sdks(&self) -> bool {
                true $(&& (home!($home) != Home::Inherited || self.$field.is_absent()))*
            }
        }
    };
}

with_keys!(declare_keys);

impl Keys {
    /// Reads the keys, and reports what is wrong with them.
    pub(crate) fn parse(tokens: TokenStream, place: Span, diagnostics: &mut Diagnostics) -> Self {
        let (words, values) = (list::words(tokens.clone()), list::values(tokens.clone()));
        let mut keys = Self { place: Some(place), words, values, ..Self::default() };
        let pairs = pairs(tokens, diagnostics);
        for pair in &pairs {
            match pair {
                Some(pair) => keys.set(pair, diagnostics),
                None => keys.are_incomplete = true,
            }
        }
        for pair in pairs.iter().flatten().filter(|pair| !is_key(&pair.key)) {
            if let Some(meant) = meant(&pair.key.unraw().to_string()) {
                keys.excuse(meant);
            }
        }
        keys
    }

    /// Where the attribute stands.
    pub(crate) fn place(&self) -> Span {
        self.place.unwrap_or_else(Span::call_site)
    }

    /// Whether there is a time after which the server ends the activity.
    pub(crate) fn have_close_timeout(&self) -> bool {
        !(self.start_to_close_timeout.is_absent() && self.schedule_to_close_timeout.is_absent())
    }
}

/// Words of other SDKs and libraries, for keys that are called otherwise here.
const OTHER_WORDS: [(&str, &str); 13] = [
    ("heartbeat", "heartbeat_timeout"),
    ("activity_name", "name"),
    ("activity_type", "name"),
    ("retry", "max_attempts"),
    ("retry_policy", "max_attempts"),
    ("retries", "max_attempts"),
    ("max_retries", "max_attempts"),
    ("maximum_attempts", "max_attempts"),
    ("attempts", "max_attempts"),
    ("interval", "heartbeat_interval"),
    ("timeout", "start_to_close_timeout"),
    ("grace", "cancel_grace"),
    ("grace_period", "cancel_grace"),
];

/// The key that was probably meant.
fn meant(word: &str) -> Option<&'static str> {
    let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
    let lower = word.to_lowercase();
    let other = OTHER_WORDS.iter().find(|(other, _)| *other == lower).map(|(_, key)| *key);
    let mut beginning_so = names.iter().filter(|name| name.starts_with(&lower));
    let only_one = beginning_so.next().filter(|_| lower.len() > 2 && beginning_so.next().is_none());
    other.or(only_one.copied()).or_else(|| nearest(&lower, &names))
}

fn is_key(word: &Ident) -> bool {
    KEYS.iter().any(|(name, _)| word.unraw() == *name)
}

/// What is said of a word that is no key.
fn unknown(key: &Ident) -> String {
    let word = key.unraw().to_string();
    if let Some(key) = meant(&word) {
        format!("there is no key `{word}`; did you mean `{key}`?")
    } else {
        let names: Vec<_> = KEYS.iter().map(|(name, _)| format!("`{name}`")).collect();
        format!("there is no key `{word}`: the keys are {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests;
