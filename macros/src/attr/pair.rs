//! One `key = value`, and the kinds of value that a key can have.
//!
//! What is wrong with a value is said at the value, with what to write in its place.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, ExprPath, Ident, Lit, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{ParseStream, Parser},
    token,
};

use super::{
    Choice, Grace,
    duration::{self, Wrong},
    vocabulary::Vocabulary,
    words::{CANCELLATION_TYPES, GRACES, ON_BAD_CHECKPOINT, Word},
};
use crate::diagnostics::{Diagnostics, nearest};

/// The server counts attempts in 32 bits with a sign.
const MOST_ATTEMPTS: u32 = i32::MAX.unsigned_abs();

/// `key = value`, the value as it stands.
pub(super) struct Pair {
    pub(super) key: Ident,
    pub(super) value: TokenStream,
}

impl Pair {
    /// Reads one, to the end.
    pub(super) fn parse(input: ParseStream, vocabulary: &Vocabulary) -> syn::Result<Self> {
        if !input.peek(Ident::peek_any) {
            let span = first_span(input);
            let message = match input.parse::<Lit>() {
                Ok(Lit::Str(text))
                    if text.parse::<Ident>().is_ok_and(|word| vocabulary.has(&word)) =>
                {
                    format!("keys are written without quotes: `{} = …`", text.value())
                }
                _ => "expected a key, as in `heartbeat_timeout = \"30s\"`".to_owned(),
            };
            return Err(syn::Error::new(span, message));
        }
        let key = input.call(Ident::parse_any)?;
        if vocabulary.has(&key) && key == "retry" {
            return Self::group(key, input, vocabulary);
        }
        if !input.peek(Token![=]) || input.peek(Token![==]) || input.peek(Token![=>]) {
            let message = if vocabulary.has(&key) {
                let what =
                    if input.is_empty() { "needs a value" } else { "takes its value after `=`" };
                let example = vocabulary.example(&key.unraw().to_string());
                let value = literal(input.parse()?).filter(|_| !example.starts_with('['));
                let value = value.unwrap_or_else(|| example.to_owned());
                format!("`{key}` {what}: write `{key} = {value}`")
            } else {
                input.parse::<TokenStream>()?;
                vocabulary.unknown(&key)
            };
            return Err(syn::Error::new_spanned(key, message));
        }
        let equals = input.parse::<Token![=]>()?;
        let value: TokenStream = input.parse()?;
        if value.is_empty() {
            let message = format!("`{key}` has no value");
            return Err(syn::Error::new_spanned(equals, message));
        }
        Ok(Self { key, value })
    }

    /// Reads a key that takes keys of its own, in parentheses.
    fn group(key: Ident, input: ParseStream, vocabulary: &Vocabulary) -> syn::Result<Self> {
        if input.peek(token::Paren) {
            let within;
            parenthesized!(within in input);
            let value = within.parse()?;
            if input.is_empty() {
                return Ok(Self { key, value });
            }
        }
        input.parse::<TokenStream>()?;
        let example = vocabulary.example(&key.to_string());
        let message = format!("`{key}` takes its keys in parentheses: write `{example}`");
        Err(syn::Error::new_spanned(key, message))
    }

    pub(super) fn span(&self) -> Span {
        let first = self.value.clone().into_iter().next();
        first.map_or_else(|| self.key.span(), |token| token.span())
    }

    pub(super) fn wrong(&self, diagnostics: &mut Diagnostics, message: impl std::fmt::Display) {
        diagnostics.at(&self.value, message);
    }

    /// What was written, without its quotes; a bare word or number is what it says.
    pub(super) fn bare(&self) -> String {
        match syn::parse2::<Lit>(self.value.clone()) {
            Ok(Lit::Str(text)) => text.value(),
            _ => self.value.to_string(),
        }
    }

    /// The text of a string literal.
    fn quoted(&self) -> Option<String> {
        match syn::parse2::<Lit>(self.value.clone()) {
            Ok(Lit::Str(text)) if text.suffix().is_empty() => Some(text.value()),
            _ => None,
        }
    }

    /// A word, in quotes or bare.
    pub(super) fn word(&self) -> Option<String> {
        let bare = || syn::parse2::<Ident>(self.value.clone()).ok().map(|word| word.to_string());
        self.quoted().or_else(bare)
    }

    /// What is meant by the word that was written, where it is one of these.
    fn chosen<T: Copy>(&self, words: &[Word<T>]) -> Option<T> {
        let written = self.word()?;
        words.iter().find(|word| word.text == written).map(|word| word.stands_for)
    }

    /// A duration that is not zero.
    pub(super) fn timeout(&self, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let duration = self.duration(diagnostics)?;
        if duration.is_zero() {
            self.wrong(diagnostics, format!("`{}` must be longer than zero", self.key));
            return None;
        }
        Some(duration)
    }

    fn duration(&self, diagnostics: &mut Diagnostics) -> Option<Duration> {
        const FORM: &str = "a number and a unit, as in \"500ms\", \"30s\", \"1h 30m\"";
        let key = &self.key;
        let meant = self.meant_duration();
        let parsed = duration::parse(meant.as_deref().unwrap_or_default());
        let message = match (self.quoted(), parsed) {
            (Some(_), Ok(duration)) => return Some(duration),
            (None, Ok(_)) => {
                format!("`{key}` takes text: write `\"{}\"`", meant.unwrap_or_default())
            }
            (None, Err(Wrong::Write(right))) => format!("`{key}` takes text: write `\"{right}\"`"),
            (Some(_), Err(Wrong::Write(right))) => {
                format!("`{key}` is no duration: write `\"{right}\"`")
            }
            (_, Err(Wrong::Because(reason))) => format!("`{key}` cannot be {reason}"),
            (_, Err(Wrong::Unclear)) if self.bare().trim_start().starts_with('-') => {
                format!("`{key}` cannot be negative: write {FORM}")
            }
            (Some(_), Err(Wrong::Unclear)) => format!("`{key}` is no duration: write {FORM}"),
            (None, Err(Wrong::Unclear)) => {
                format!("`{key}` takes text: write {FORM}")
            }
        };
        self.wrong(diagnostics, message);
        None
    }

    /// The text of a duration, quoted or not; also from `Duration::from_secs(30)`.
    fn meant_duration(&self) -> Option<String> {
        let bare = self.bare();
        let Ok(Expr::Call(call)) = syn::parse2::<Expr>(self.value.clone()) else {
            return Some(bare);
        };
        let Expr::Path(function) = &*call.func else { return None };
        let unit = match function.path.segments.last()?.ident.to_string().as_str() {
            "from_millis" => "ms",
            "from_secs" | "from_secs_f64" => "s",
            "from_mins" => "m",
            "from_hours" => "h",
            _ => return None,
        };
        match call.args.first()? {
            Expr::Lit(number) => match &number.lit {
                Lit::Int(number) => Some(format!("{}{unit}", number.base10_digits())),
                Lit::Float(number) => Some(format!("{}{unit}", number.base10_digits())),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn grace(&self, diagnostics: &mut Diagnostics) -> Option<Grace> {
        if let Some(grace) = self.chosen(&GRACES) {
            return Some(grace);
        }
        let bare = self.bare();
        match () {
            () if bare.chars().any(|it| it.is_ascii_digit()) || bare.is_empty() => {}
            () if nearest(&bare.to_lowercase(), &["never"]).is_some() => {
                self.wrong(diagnostics, format!("write `{} = \"never\"`", self.key));
                return None;
            }
            () => {
                let message = format!(
                    "`{}` takes a duration, as in \"10s\", or \"never\", which leaves the body alone",
                    self.key
                );
                self.wrong(diagnostics, message);
                return None;
            }
        }
        self.duration(diagnostics).map(Grace::After)
    }

    pub(super) fn count(&self, diagnostics: &mut Diagnostics) -> Option<u32> {
        let key = &self.key;
        let bare = self.bare();
        let count: Option<u128> = bare.replace('_', "").parse().ok();
        let is_number = matches!(syn::parse2::<Lit>(self.value.clone()), Ok(Lit::Int(_)));
        let message = match count {
            Some(0) => format!("`{key}` counts the first attempt too: write `1` for no retry"),
            Some(count) => {
                match u32::try_from(count).ok().filter(|count| *count <= MOST_ATTEMPTS) {
                    Some(count) if is_number => return Some(count),
                    Some(count) => format!("`{key}` takes a number: write `{count}`"),
                    None => {
                        format!("`{key}` is at most {MOST_ATTEMPTS}: leave it out for no limit")
                    }
                }
            }
            None => format!("`{key}` takes a whole number from 1: write `3`"),
        };
        self.wrong(diagnostics, message);
        None
    }

    pub(super) fn cancellation_type(&self, diagnostics: &mut Diagnostics) -> Option<Choice> {
        self.choice(&CANCELLATION_TYPES, diagnostics)
    }

    pub(super) fn on_bad_checkpoint(&self, diagnostics: &mut Diagnostics) -> Option<Choice> {
        self.choice(&ON_BAD_CHECKPOINT, diagnostics)
    }

    fn choice(&self, words: &[Word<Choice>], diagnostics: &mut Diagnostics) -> Option<Choice> {
        if let Some(choice) = self.chosen(words) {
            return Some(choice);
        }
        let known: Vec<&str> = words.iter().map(|word| word.text).collect();
        // The SDK's own names are in camel case, with a path before them.
        let bare = self.bare();
        let word = snake_case(bare.rsplit("::").next().unwrap_or_default().trim());
        let message = if let Some(word) = nearest(&word, &known) {
            format!("write `{} = \"{word}\"`", self.key)
        } else {
            let words: Vec<_> = known.iter().map(|word| format!("\"{word}\"")).collect();
            format!("`{}` is one of {}", self.key, words.join(", "))
        };
        self.wrong(diagnostics, message);
        None
    }

    /// Text, or an expression that is: as in the SDK.
    pub(super) fn name(&self, diagnostics: &mut Diagnostics) -> Option<Expr> {
        let parsed: Option<Expr> = syn::parse2(self.value.clone()).ok();
        let message = match &parsed {
            Some(Expr::Lit(literal)) => match &literal.lit {
                Lit::Str(text) if text.value().trim().is_empty() => "`name` cannot be empty",
                Lit::Str(_) => return parsed,
                _ => "`name` takes text: write `name = \"…\"`",
            },
            Some(Expr::Path(word)) if is_no_constant(word) => {
                let name = word.to_token_stream();
                self.wrong(diagnostics, format!("`name` takes text: write `name = \"{name}\"`"));
                return None;
            }
            Some(_) => return parsed,
            None => "`name` takes text: write `name = \"…\"`",
        };
        self.wrong(diagnostics, message);
        None
    }

    /// A path that may stand in an expression as well as in a type.
    pub(super) fn definition(&self, diagnostics: &mut Diagnostics) -> Option<Path> {
        let plain = |input: ParseStream| match input.parse()? {
            ExprPath { qself: None, path, .. } => Ok(path),
            qualified => Err(syn::Error::new_spanned(qualified, "not a plain path")),
        };
        self.path(plain, "the path of an activity definition", diagnostics)
    }

    /// A path without arguments.
    pub(super) fn module(&self, diagnostics: &mut Diagnostics) -> Option<Path> {
        let of_a_crate = |input: ParseStream| {
            let path = Path::parse_mod_style(input)?;
            match path.segments.iter().find(|segment| segment.ident == "Self") {
                Some(type_itself) => Err(syn::Error::new_spanned(type_itself, "not a crate")),
                None => Ok(path),
            }
        };
        self.path(of_a_crate, "the path of this crate", diagnostics)
    }

    fn path(
        &self,
        parser: fn(ParseStream) -> syn::Result<Path>,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Path> {
        if let Ok(path) = parser.parse2(self.value.clone()) {
            return Some(path);
        }
        let key = &self.key;
        let as_text = self.quoted().filter(|text| syn::parse_str::<Path>(text).is_ok());
        let message = as_text.map_or_else(
            || format!("`{key}` takes {what}"),
            |path| format!("`{key}` takes {what}, without quotes: write `{key} = {path}`"),
        );
        self.wrong(diagnostics, message);
        None
    }
}

fn first_span(input: ParseStream) -> Span {
    input.cursor().token_tree().map_or_else(|| input.span(), |(token, _)| token.span())
}

/// Whether a path is a word in small letters, as no constant is.
fn is_no_constant(path: &ExprPath) -> bool {
    path.path.get_ident().is_some_and(|word| !word.to_string().contains(char::is_uppercase))
}

/// The first literal of what was written.
fn literal(tokens: TokenStream) -> Option<String> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) => Some(literal.to_string()),
        TokenTree::Group(group) => literal(group.stream()),
        _ => None,
    })
}

/// `TryCancel` as `try_cancel`.
fn snake_case(word: &str) -> String {
    let mut snake = String::new();
    for (index, character) in word.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}
