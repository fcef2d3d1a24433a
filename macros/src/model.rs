//! What was written: the function taken apart, its syntax kept for later errors.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, FnArg, Ident, Pat, Path, Receiver, ReturnType, Signature, Token, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
    token,
};

/// A function as it was written; its body is not parsed, so a half-typed one survives.
pub(crate) struct Function {
    pub(crate) attributes: Attributes,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// The attributes of a function, by where they belong.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Belong on the marker, which people see.
    pub(crate) docs: Vec<Attribute>,
    /// Belong on everything.
    pub(crate) cfgs: Vec<Attribute>,
    /// Belong on the marker and on the body.
    pub(crate) lints: Vec<Attribute>,
    /// Belong on the body.
    pub(crate) others: Vec<Attribute>,
}

impl Attributes {
    fn sort(attributes: Vec<Attribute>) -> Self {
        let mut sorted = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            let is = |names: &[&str]| names.iter().any(|name| path.is_ident(name));
            if is(&["doc"]) {
                sorted.docs.push(attribute);
            } else if is(&["cfg"]) {
                sorted.cfgs.push(attribute);
            } else if is(&["allow", "expect", "warn", "deny", "forbid"]) {
                sorted.lints.push(attribute);
            } else {
                sorted.others.push(attribute);
            }
        }
        sorted
    }
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attributes = Attributes::sort(input.call(Attribute::parse_outer)?);
        let visibility = input.parse()?;
        let signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("an activity needs a body: a trait's method cannot be one"));
        }
        if !input.peek(token::Brace) {
            return Err(input.error("expected the activity's body"));
        }
        let body: TokenTree = input.parse()?;
        Ok(Self { attributes, visibility, signature, body: body.into() })
    }
}

impl Function {
    /// The activity's name: the function's, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }

    pub(crate) fn is_async(&self) -> bool {
        self.signature.asyncness.is_some()
    }

    /// The declared return type.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Type(_, output) => Some(output),
            ReturnType::Default => None,
        }
    }

    pub(crate) fn receiver(&self) -> Option<&Receiver> {
        self.signature.receiver()
    }

    /// The parameters with their roles, `self` left out.
    pub(crate) fn parameters<'a>(
        &'a self,
        handles: Handles,
        crate_path: &Path,
    ) -> Vec<Parameter<'a>> {
        let typed = self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some((&*typed.pat, &*typed.ty)),
            FnArg::Receiver(_) => None,
        });
        typed
            .map(|(pattern, ty)| Parameter { pattern, ty, role: Role::of(ty, handles, crate_path) })
            .collect()
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Attributes { docs, cfgs, lints, others } = &self.attributes;
        for attribute in docs.iter().chain(cfgs).chain(lints).chain(others) {
            attribute.to_tokens(tokens);
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// Which parameters are handed in rather than sent by the workflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handles {
    /// Ours and the SDK's.
    All,
    /// The SDK's context alone: the function is the SDK's but for the macro.
    ContextAlone,
}

/// One parameter and what it is for.
pub(crate) struct Parameter<'a> {
    pub(crate) pattern: &'a Pat,
    pub(crate) ty: &'a Type,
    pub(crate) role: Role<'a>,
}

/// What a parameter is for, told by its type.
#[derive(Clone, Copy)]
pub(crate) enum Role<'a> {
    /// Our `Checkpoint<T>`, with its `T` if it was written.
    Checkpoint(Option<&'a Type>),
    Cancellation,
    /// The SDK's context.
    Context,
    Input,
}

impl<'a> Role<'a> {
    fn of(ty: &'a Type, handles: Handles, crate_path: &Path) -> Self {
        let Type::Path(path) = ty else { return Self::Input };
        let Some(last) = path.path.segments.last() else { return Self::Input };
        if last.ident == "ActivityContext" {
            return Self::Context; // by its last segment, as the SDK's own macro finds it
        }
        if handles == Handles::ContextAlone
            || path.qself.is_some()
            || !is_ours(&path.path, crate_path)
        {
            return Self::Input;
        }
        if last.ident == "Checkpoint" {
            Self::Checkpoint(only_argument(&last.arguments))
        } else if last.ident == "Cancellation" && last.arguments.is_empty() {
            Self::Cancellation
        } else {
            Self::Input
        }
    }

    pub(crate) fn is_input(self) -> bool {
        matches!(self, Self::Input)
    }

    /// The handle's name, for an error.
    pub(crate) fn handle(self) -> Option<&'static str> {
        match self {
            Self::Checkpoint(_) => Some("Checkpoint"),
            Self::Cancellation => Some("Cancellation"),
            Self::Context => Some("ActivityContext"),
            Self::Input => None,
        }
    }
}

/// Whether a path is bare, or below `autobeat` by whatever name it has.
pub(crate) fn is_ours(path: &Path, crate_path: &Path) -> bool {
    let above: Vec<&Ident> =
        path.segments.iter().rev().skip(1).map(|segment| &segment.ident).collect();
    let ours: Vec<&Ident> =
        crate_path.segments.iter().rev().map(|segment| &segment.ident).collect();
    match above.as_slice() {
        [] => path.leading_colon.is_none(),
        [only] if *only == "autobeat" => true,
        // As it is imported, or in full.
        _ => ours.starts_with(&above),
    }
}

fn only_argument(arguments: &syn::PathArguments) -> Option<&Type> {
    match arguments {
        syn::PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => {
            match arguments.args.first() {
                Some(syn::GenericArgument::Type(ty)) => Some(ty),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Where `record_heartbeat` is called in a body, if it is.
pub(crate) fn own_heartbeat(body: TokenStream) -> Option<proc_macro2::Span> {
    body.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "record_heartbeat" => Some(ident.span()),
        TokenTree::Group(group) => own_heartbeat(group.stream()),
        _ => None,
    })
}

/// Whether a type holds something that cannot outlive the call, and where.
pub(crate) fn borrowed(ty: &Type) -> Option<proc_macro2::Span> {
    match ty {
        Type::Reference(reference) => Some(reference.span()),
        Type::Paren(inner) => borrowed(&inner.elem),
        Type::Group(inner) => borrowed(&inner.elem),
        Type::Slice(inner) => Some(inner.span()),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        _ => None,
    }
}
