//! The grammar of `#[activity(…)]` and `#[activities(…)]`: `key = value` pairs, each key at most once.
//!
//! A pair that is wrong does not hide the ones after it: the list is cut at its commas first.

mod duration;
mod list;
mod pair;
mod retry;
pub(crate) mod table;
mod vocabulary;
mod words;

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use syn::{Expr, Ident, Path, ext::IdentExt};

pub(crate) use self::{
    duration::written as duration_as_written,
    retry::{DEFAULT_INITIAL_INTERVAL, Retry},
    words::words_of_keys,
};
use self::{
    list::pairs,
    pair::Pair,
    retry::{RETRY_KEYS, RETRY_MEANINGS},
    table::with_keys,
    vocabulary::{Known, OF_ACTIVITY},
};
use crate::diagnostics::Diagnostics;

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

    /// Whether it was written with a value that is none.
    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong)
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
            /// The words that stand where keys of `retry(…)` do.
            pub(crate) words_of_retry: Vec<Ident>,
            /// The bare words that stand where words of a key do, each with its key.
            pub(crate) values: Vec<(Ident, Ident)>,
            $(pub(crate) $field: Key<$value>,)*
        }

        /// Every key, in the order of the documentation, with values to write.
        const KEYS: &[Known] = &[$(($name, &[$($example),*]),)*];

        /// What each means, and where it is not written.
        const MEANINGS: &[(&str, &str, &str)] = &[$(($name, $meaning, $default),)*];

        impl Keys {
            fn set(&mut self, pair: &Pair, diagnostics: &mut Diagnostics) {
                match pair.key.unraw().to_string().as_str() {
                    $($name => {
                        let value = pair.$parse(diagnostics);
                        self.$field.set(pair, value, diagnostics);
                    })*
                    _ => diagnostics.at(&pair.key, OF_ACTIVITY.unknown(&pair.key)),
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
        let words_of_retry = list::words_within(tokens.clone(), "retry");
        let mut keys =
            Self { place: Some(place), words, words_of_retry, values, ..Self::default() };
        let pairs = pairs(tokens, &OF_ACTIVITY, diagnostics);
        for pair in &pairs {
            match pair {
                Some(pair) => keys.set(pair, diagnostics),
                None => keys.are_incomplete = true,
            }
        }
        for pair in pairs.iter().flatten().filter(|pair| !OF_ACTIVITY.has(&pair.key)) {
            if let Some(meant) = OF_ACTIVITY.meant(&pair.key.unraw().to_string()) {
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

/// What an editor shows of each key of the attribute.
pub(crate) fn keys_in_words() -> Vec<(&'static str, String)> {
    in_words("`#[activity]`", KEYS, MEANINGS)
}

/// What an editor shows of each key of `retry(…)`.
pub(crate) fn retry_keys_in_words() -> Vec<(&'static str, String)> {
    in_words("`retry(…)`", RETRY_KEYS, RETRY_MEANINGS)
}

/// What each means, where it is not written, and how it is.
fn in_words(
    place: &str,
    keys: &[Known],
    meanings: &[(&'static str, &str, &str)],
) -> Vec<(&'static str, String)> {
    let written = |key: &str, example: &&str| {
        let is_whole = example.starts_with(key);
        if is_whole { format!("{example}\n") } else { format!("{key} = {example}\n") }
    };
    let words = keys.iter().zip(meanings).map(|((key, examples), (_, meaning, default))| {
        let examples: String = examples.iter().map(|example| written(key, example)).collect();
        let words = format!(
            "Key of {place}: {meaning}.\n\nWhere it is not written: {default}.\n\nAs in:\n\
             ```text\n{examples}```"
        );
        (*key, words)
    });
    words.collect()
}

#[cfg(test)]
mod tests;
