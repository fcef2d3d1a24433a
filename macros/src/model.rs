//! What was written: the function taken apart, its syntax kept for later errors.

mod attributes;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, Pat, PatType, Path, PathArguments, PathSegment,
    Receiver, ReturnType, Signature, Type, Visibility,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    spanned::Spanned,
    token,
};

pub(crate) use self::attributes::Attributes;

/// A function as it was written; its body is not parsed, so a half-typed one survives.
pub(crate) struct Function {
    pub(crate) attributes: Attributes,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attributes = Attributes::sort(input.call(Attribute::parse_outer)?);
        let visibility = input.parse()?;
        let signature = input.parse()?;
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
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        typed
            .map(|PatType { attrs: attributes, pat: pattern, ty, .. }| {
                let role = Role::of(ty, handles, crate_path);
                Parameter { attributes, pattern, ty, role }
            })
            .collect()
    }

    /// What the return type completes with, where it is written: the first argument of a `Result`.
    pub(crate) fn written_output(&self) -> Option<&Type> {
        let Type::Path(path) = plain(self.output()?) else { return None };
        let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        match arguments.args.first() {
            Some(GenericArgument::Type(output)) => Some(output),
            _ => None,
        }
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.attributes.to_tokens(tokens);
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
    pub(crate) attributes: &'a [Attribute],
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
    Attempt,
    /// The SDK's context.
    Context,
    Input,
}

impl<'a> Role<'a> {
    fn of(ty: &'a Type, handles: Handles, crate_path: &Path) -> Self {
        let Type::Path(path) = plain(ty) else { return Self::Input };
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
        } else if last.ident == "Attempt" && last.arguments.is_empty() {
            Self::Attempt
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
            Self::Attempt => Some("Attempt"),
            Self::Context => Some("ActivityContext"),
            Self::Input => None,
        }
    }
}

/// A type without the invisible brackets that a macro's fragment comes in.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(inner) => plain(&inner.elem),
        Type::Paren(inner) => plain(&inner.elem),
        ty => ty,
    }
}

/// Whether a type is data whoever looks at it: a number, a text, or what is made of such alone.
pub(crate) fn is_plain_data(ty: &Type) -> bool {
    const NAMES: [&str; 18] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "bool", "char", "String", "PathBuf",
    ];
    match plain(ty) {
        Type::Tuple(tuple) => tuple.elems.len() <= 6 && tuple.elems.iter().all(is_plain_data),
        Type::Path(path) if path.qself.is_none() && path.path.segments.len() == 1 => {
            path.path.segments.first().is_some_and(|name| match &name.arguments {
                PathArguments::None => NAMES.iter().any(|it| name.ident == it),
                of if name.ident == "Vec" || name.ident == "Option" => {
                    only_argument(of).is_some_and(is_plain_data)
                }
                _ => false,
            })
        }
        _ => false,
    }
}

/// Whether a type is a `Result` with the SDK's own error, by its last segment.
pub(crate) fn fails_as_the_sdk(ty: &Type) -> bool {
    let Type::Path(path) = plain(ty) else { return false };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return false;
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    matches!(arguments.args.last(), Some(GenericArgument::Type(Type::Path(error)))
        if arguments.args.len() == 2
            && error.path.segments.last().is_some_and(|it| it.ident == "ActivityError"))
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

fn only_argument(arguments: &PathArguments) -> Option<&Type> {
    match arguments {
        PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => {
            match arguments.args.first() {
                Some(GenericArgument::Type(ty)) => Some(ty),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Where a value of this name is asked to `record_heartbeat`, if it surely is: nothing else in the
/// body takes the name.
pub(crate) fn own_heartbeat(body: TokenStream, context: &Ident) -> Option<Span> {
    let tokens = flat(body);
    let at = |at: usize| tokens.get(at).and_then(Option::as_ref);
    let is_word = |place: usize, word: &str| matches!(at(place), Some(TokenTree::Ident(ident)) if ident == word);
    let is_mark = |place: usize, mark: char| matches!(at(place), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let is_end = |place: usize| matches!(tokens.get(place), Some(None));
    let name = context.to_string();
    let mut found = None;
    for at in (0..tokens.len()).filter(|at| is_word(*at, &name)) {
        let is_value = is_mark(at + 1, '.') && !(at > 0 && is_mark(at - 1, '.'));
        if is_value && is_word(at + 2, "record_heartbeat") {
            found = found.or_else(|| tokens.get(at + 2)?.as_ref().map(TokenTree::span));
        }
        // What may be a pattern may give the name to something else.
        let is_after = |word: &&str| at > 0 && is_word(at - 1, word);
        let is_borrowed = at > 0 && is_mark(at - 1, '&');
        let may_be_rebound = ["let", "mut", "ref", "for"].iter().any(is_after)
            || ['|', ':', '@'].iter().any(|mark| is_mark(at + 1, *mark))
            || is_mark(at + 1, '=') && !is_mark(at + 2, '=')
            || ["in", "if"].iter().any(|word| is_word(at + 1, word))
            || (is_mark(at + 1, ',') || is_end(at + 1)) && !is_borrowed;
        if may_be_rebound {
            return None;
        }
    }
    found
}

/// The tokens, those in brackets included, in their order; `None` where a bracket closes.
fn flat(tokens: TokenStream) -> Vec<Option<TokenTree>> {
    let mut flattened = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                flattened.extend(flat(group.stream()));
                flattened.push(None);
            }
            token => flattened.push(Some(token)),
        }
    }
    flattened
}

/// Whether a type holds something that cannot outlive the call, and where.
pub(crate) fn borrowed(ty: &Type) -> Option<Span> {
    match plain(ty) {
        Type::Reference(reference) => Some(reference.span()),
        Type::Slice(inner) => Some(inner.span()),
        Type::Array(array) => borrowed(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed),
        Type::Path(path) => path.path.segments.iter().find_map(|it| {
            if borrows_unsaid(it) { Some(it.ident.span()) } else { borrowed_by(&it.arguments) }
        }),
        _ => None,
    }
}

/// Whether it is a `Cow<…>` whose lifetime is left out.
fn borrows_unsaid(segment: &PathSegment) -> bool {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return false };
    segment.ident == "Cow"
        && !arguments.args.iter().any(|it| matches!(it, GenericArgument::Lifetime(_)))
}

/// Where a `_` is left to the compiler, which fills it in for values alone.
pub(crate) fn unsaid(ty: &Type) -> Option<Span> {
    within(ty, &|ty| matches!(ty, Type::Infer(_)))
}

/// Where a type is said to be any with some trait.
pub(crate) fn unnamed(ty: &Type) -> Option<Span> {
    within(ty, &|ty| matches!(ty, Type::ImplTrait(_)))
}

/// Where such a type is, in what owns it.
fn within(ty: &Type, is_such: &dyn Fn(&Type) -> bool) -> Option<Span> {
    match plain(ty) {
        ty if is_such(ty) => Some(ty.span()),
        Type::Array(array) => within(&array.elem, is_such),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|ty| within(ty, is_such)),
        Type::Path(path) => {
            let mut arguments = path.path.segments.iter().flat_map(type_arguments);
            arguments.find_map(|ty| within(ty, is_such))
        }
        _ => None,
    }
}

/// Whether a type cannot be that of a parameter at all.
pub(crate) fn cannot_stand(ty: &Type) -> bool {
    matches!(plain(ty), Type::Slice(_) | Type::TraitObject(_))
        || is_str(ty)
        || holds_unsaid(ty)
        || unsaid(ty).or_else(|| unnamed(ty)).is_some()
}

pub(crate) fn is_str(ty: &Type) -> bool {
    matches!(plain(ty), Type::Path(path) if path.path.is_ident("str"))
}

fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments.args.iter()),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn holds_unsaid(ty: &Type) -> bool {
    let Type::Path(path) = plain(ty) else { return false };
    let mut segments = path.path.segments.iter();
    segments.any(|it| borrows_unsaid(it) || type_arguments(it).any(holds_unsaid))
}

/// The same for the arguments of a type; `Cow<'static, str>` can be owned.
fn borrowed_by(arguments: &PathArguments) -> Option<Span> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(Type::Slice(_)) => None,
        GenericArgument::Type(ty) => borrowed(ty),
        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => Some(lifetime.span()),
        _ => None,
    })
}
