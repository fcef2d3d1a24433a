//! The grammar of `retry(…)`: the keys of the SDK's retry policy, each at most once.

use std::time::Duration;

use proc_macro2::TokenStream;
use syn::{Expr, ExprArray, ExprLit, Lit, ext::IdentExt};

use super::{
    Key,
    list::pairs,
    pair::Pair,
    table::with_retry_keys,
    vocabulary::{Known, OF_RETRY},
};
use crate::diagnostics::Diagnostics;

/// What a type begins with that is one of the server's own timeouts, and what it may go on with.
const TIMEOUT: &str = "TemporalTimeout:";
const TIMEOUTS: [&str; 4] = ["StartToClose", "Heartbeat", "ScheduleToStart", "ScheduleToClose"];

/// The types of the failures with which an attempt of ours makes room for the next one.
const INTERRUPTIONS: [&str; 4] = ["HandOver", "WorkerShutdown", "ActivityPaused", "ActivityReset"];

macro_rules! declare_retry_keys {
    ($($name:literal $field:ident: $value:ty = $parse:ident,
        $meaning:literal, $default:literal, [$($example:literal),*];)*) => {
        /// What was written between the parentheses of `retry(…)`.
        #[derive(Clone, Default)]
        pub(crate) struct Retry {
            $(pub(crate) $field: Key<$value>,)*
        }

        /// Every key of it, in the order of the documentation, with values to write.
        pub(super) const RETRY_KEYS: &[Known] = &[$(($name, &[$($example),*]),)*];

        /// What each means, and where it is not written.
        pub(super) const RETRY_MEANINGS: &[(&str, &str, &str)] = &[$(($name, $meaning, $default),)*];

        impl Retry {
            fn set(&mut self, pair: &Pair, diagnostics: &mut Diagnostics) {
                match pair.key.unraw().to_string().as_str() {
                    $($name => {
                        let value = pair.$parse(diagnostics);
                        self.$field.set(pair, value, diagnostics);
                    })*
                    _ => diagnostics.at(&pair.key, OF_RETRY.unknown(&pair.key)),
                }
            }
        }
    };
}

with_retry_keys!(declare_retry_keys);

impl Retry {
    fn parse(tokens: TokenStream, diagnostics: &mut Diagnostics) -> Self {
        let mut retry = Self::default();
        for pair in pairs(tokens, &OF_RETRY, diagnostics).iter().flatten() {
            retry.set(pair, diagnostics);
        }
        retry
    }
}

impl Pair {
    /// A retry policy, as the keys that stand in its parentheses.
    pub(super) fn retry(&self, diagnostics: &mut Diagnostics) -> Option<Retry> {
        if self.value.is_empty() {
            diagnostics
                .at(&self.key, "`retry(…)` is empty: write `retry(initial_interval = \"1s\")`");
            return None;
        }
        Some(Retry::parse(self.value.clone(), diagnostics))
    }

    /// A number that an interval is multiplied with, again and again.
    pub(super) fn coefficient(&self, diagnostics: &mut Diagnostics) -> Option<f64> {
        let key = &self.key;
        let number = self.bare().replace([' ', '_'], "").parse::<f64>().ok();
        let is_number = matches!(syn::parse2(self.value.clone()), Ok(Lit::Int(_) | Lit::Float(_)));
        let message = match number.filter(|number| number.is_finite()) {
            Some(number) if number < 1.0 => {
                format!("`{key}` is at least 1: intervals that shrink are not taken by the server")
            }
            Some(number) if is_number => return Some(number),
            Some(number) => format!("`{key}` takes a number: write `{number:?}`"),
            None => format!("`{key}` takes a number from 1: write `2.0`"),
        };
        self.wrong(diagnostics, message);
        None
    }

    /// A list of texts.
    pub(super) fn types(&self, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
        let key = &self.key;
        let list = syn::parse2::<Expr>(self.value.clone()).ok();
        let Some(Expr::Array(ExprArray { elems: written, .. })) = list.as_ref().map(ungrouped)
        else {
            let word = self.word().filter(|word| !word.is_empty());
            let word = word.as_deref().unwrap_or("BadInput");
            self.wrong(diagnostics, format!("`{key}` takes a list of texts: write `[\"{word}\"]`"));
            return None;
        };
        if written.is_empty() {
            self.wrong(diagnostics, format!("`{key}` is empty: leave it out"));
            return None;
        }
        let mut types = Vec::new();
        for one in written {
            match type_name(one) {
                Ok(name) => types.push(name),
                Err(message) => diagnostics.at(one, message),
            }
        }
        (types.len() == written.len()).then_some(types)
    }
}

/// An expression without the invisible brackets that a macro's fragment comes in.
fn ungrouped(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => ungrouped(&group.expr),
        expression => expression,
    }
}

/// The type of a failure, as it is written in a list of such.
fn type_name(written: &Expr) -> Result<String, String> {
    let name = match ungrouped(written) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        Expr::Path(path) if path.path.get_ident().is_some() => {
            let word = path.path.get_ident().map(ToString::to_string).unwrap_or_default();
            return Err(format!("the type of a failure is text: write `\"{word}\"`"));
        }
        _ => return Err("the type of a failure is text, as in `\"BadInput\"`".to_owned()),
    };
    if name.trim().is_empty() {
        return Err("the type of a failure cannot be empty".to_owned());
    }
    if INTERRUPTIONS.contains(&name.as_str()) {
        return Err(format!(
            "with a failure of type `{name}` an attempt makes room for the next one, which goes on where it \
             was: never retried, it would end the work half-way; leave it out"
        ));
    }
    match name.strip_prefix(TIMEOUT) {
        Some(timeout) if !TIMEOUTS.contains(&timeout) => {
            let known = TIMEOUTS.map(|timeout| format!("\"{TIMEOUT}{timeout}\""));
            Err(format!("the server knows no such timeout: write one of {}", known.join(", ")))
        }
        _ => Ok(name),
    }
}

/// How long after the first failure the server tries again where nothing is written.
pub(crate) const DEFAULT_INITIAL_INTERVAL: Duration = Duration::from_secs(1);
