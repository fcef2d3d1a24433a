//! The attributes of a function, by where they belong once it is a marker and a body.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Meta, Path, Token, parse::Parser, punctuated::Punctuated};

use super::is_ours;

/// The attributes of a function; the order of one kind is kept.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Belong on the marker, which people see.
    pub(crate) docs: Vec<Attribute>,
    /// Belongs on the marker, whose users it warns.
    pub(crate) deprecated: Option<Attribute>,
    /// Belong on everything.
    pub(crate) cfgs: Vec<Attribute>,
    lints: Vec<Attribute>,
    /// Belong on the body.
    pub(crate) others: Vec<Attribute>,
}

/// Lints that find nothing here, since a marker is always used: what is expected of them is allowed.
const OF_UNUSED_ITEMS: [&str; 2] = ["dead_code", "unused"];

/// Lints of what people see, which is the marker: the body has no documentation of its own.
const OF_THE_MARKER: [&str; 1] = ["missing_docs"];

impl Attributes {
    pub(super) fn sort(attributes: Vec<Attribute>) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            let is = |names: &[&str]| names.iter().any(|name| path.is_ident(name));
            if is(&["doc"]) {
                sorted.docs.push(attribute);
            } else if is(&["cfg"]) {
                sorted.cfgs.push(attribute);
            } else if is(&["deprecated"]) {
                sorted.deprecated = Some(attribute);
            } else if is(&["allow", "expect", "warn", "deny", "forbid"]) {
                sorted.lints.push(attribute);
            } else {
                sorted.others.push(attribute);
            }
        }
        sorted
    }

    /// Takes `#[activity]` out, also where it stands under a condition.
    pub(crate) fn take_marks(&mut self, crate_path: &Path) -> Vec<Attribute> {
        let is_mark = |path: &Path| {
            let named = path.segments.last().is_some_and(|last| last.ident == "activity");
            named && is_ours(path, crate_path)
        };
        let has_mark = |attribute: &mut Attribute| {
            is_mark(attribute.path()) || of_condition(attribute).iter().any(|it| is_mark(it.path()))
        };
        self.others.extract_if(.., has_mark).collect()
    }

    /// The lints that hold for the marker.
    pub(crate) fn lints_of_marker(&self) -> TokenStream {
        self.lints.iter().map(|lint| split(lint, true)).collect()
    }

    /// The lints that hold for the body.
    pub(crate) fn lints_of_body(&self) -> TokenStream {
        self.lints.iter().map(|lint| split(lint, false)).collect()
    }

    /// The attributes of the body, where a span is called by the activity's name.
    pub(crate) fn others(&self, name: &str) -> TokenStream {
        self.others.iter().map(|attribute| named_span(attribute, name)).collect()
    }

    /// Generated code uses the marker, and is not to be warned of it.
    pub(crate) fn silence(&self) -> TokenStream {
        self.deprecated.as_ref().map(|_| quote!(#[allow(deprecated)])).unwrap_or_default()
    }
}

impl ToTokens for Attributes {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { docs, deprecated, cfgs, lints, others } = self;
        let all = docs.iter().chain(deprecated).chain(cfgs).chain(lints).chain(others);
        all.for_each(|attribute| attribute.to_tokens(tokens));
    }
}

/// What a `#[cfg_attr(…)]` puts there where its condition holds.
pub(crate) fn of_condition(attribute: &Attribute) -> Vec<Meta> {
    let Meta::List(list) = &attribute.meta else { return Vec::new() };
    if !list.path.is_ident("cfg_attr") {
        return Vec::new();
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    parser.parse2(list.tokens.clone()).into_iter().flatten().skip(1).collect()
}

/// A lint for one of the two. What is expected is found in one of them, mostly the body: the other one
/// allows it.
fn split(attribute: &Attribute, of_marker: bool) -> TokenStream {
    let expected = match &attribute.meta {
        Meta::List(expected) if attribute.path().is_ident("expect") => &expected.tokens,
        _ => return attribute.to_token_stream(),
    };
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Ok(metas) = parser.parse2(expected.clone()) else { return attribute.to_token_stream() };
    let reason: Vec<&Meta> = metas.iter().filter(|meta| meta.path().is_ident("reason")).collect();
    let lints = metas.iter().filter(|meta| !meta.path().is_ident("reason"));
    lints
        .map(|lint| {
            let is_one = |names: &[&str]| names.iter().any(|name| lint.path().is_ident(name));
            if !is_one(&OF_UNUSED_ITEMS) && is_one(&OF_THE_MARKER) == of_marker {
                quote!(#[expect(#lint #(, #reason)*)])
            } else {
                quote!(#[allow(#lint)])
            }
        })
        .collect()
}

/// Whether one of some arguments is a text and nothing else: `#[instrument("name", skip_all)]`.
fn has_text_alone(arguments: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = arguments.clone().into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ',');
    let mut arguments = tokens.split(is_comma);
    arguments.any(|it| syn::parse2::<syn::LitStr>(it.iter().cloned().collect()).is_ok())
}

/// `#[tracing::instrument]` calls its span by the function, whose name is ours.
fn named_span(attribute: &Attribute, name: &str) -> TokenStream {
    let is_instrument =
        attribute.path().segments.last().is_some_and(|last| last.ident == "instrument");
    let arguments = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => return attribute.to_token_stream(),
    };
    let has_name = {
        let mut tokens = arguments.clone().into_iter().peekable();
        let mut found = false;
        while let Some(token) = tokens.next() {
            let is_name = token.to_string() == "name";
            found |= is_name && tokens.peek().is_some_and(|next| next.to_string() == "=");
        }
        found || has_text_alone(&arguments)
    };
    if !is_instrument || has_name {
        return attribute.to_token_stream();
    }
    let path: &Path = attribute.path();
    quote!(#[#path(name = #name, #arguments)])
}
