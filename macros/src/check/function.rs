//! The rules for blocks, functions and their parameters.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    GenericArgument, GenericParam, Generics, Pat, PathArguments, ReceiverKind, Safety, Type,
    WhereClause,
};

use super::types::{check_output, check_types};
use crate::{
    block::{Block, Method},
    diagnostics::Diagnostics,
    model::{Function, Parameter, Role, borrowed, own_heartbeat},
};

/// What is said of a method with `#[activity]` whose block is not ours.
pub(crate) const METHOD_ALONE: &str = "a method is an activity only in a block with `#[activities]` on \
                                       it: write `#[activities]` above the `impl`";

/// What is said of a method that calls its instance otherwise than Rust does.
const INSTANCE_OF_ANOTHER_NAME: &str =
    "the instance that a method is called on is named `self`: write `self: Arc<Self>`";

/// The most inputs that the SDK takes.
const MOST_INPUTS: usize = 6;

/// Where an activity stands, and so which rules hold for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A function of its own.
    Function,
    /// A method with keys of ours, its own or its block's.
    Method,
    /// A method that is the SDK's but for the macro.
    PlainMethod,
}

/// Checks a block, but for its activities.
pub(crate) fn check_block(block: &Block, diagnostics: &mut Diagnostics) {
    let head = &block.head;
    if let Some((path, _)) = &head.trait_ {
        let message = "`#[activities]` goes on a type's own `impl` block, not on that of a trait";
        diagnostics.at(path, message);
    }
    if !head.generics.params.is_empty() {
        diagnostics.at(
            &head.generics.params,
            "activities cannot be generic: each runs under one name, with one input type",
        );
    } else if let Some(clause) = predicates(&head.generics) {
        diagnostics.at(clause, "activities cannot have a `where` clause: they are not generic");
    }
    if block.type_name().is_none() {
        let message = "`#[activities]` goes on the `impl` block of a type with a name";
        diagnostics.at(&head.self_ty, message);
    }
    if block.methods().next().is_none() && !block.has_misplaced_mark() {
        diagnostics.at(
            &head.self_ty,
            "there is no activity in this block: put `#[activity]` on the methods that are activities",
        );
    }
}

// Each becomes a constant and a unit struct of its name. Under a `#[cfg]` there may be one of two.
pub(crate) fn check_doubles(doubles: &[(&Method, &Method)], diagnostics: &mut Diagnostics) {
    for (second, first) in doubles {
        let (first, name) = (first.function.name(), second.function.name());
        let message = if first == name {
            format!("there are two activities of the name `{name}` in this block")
        } else {
            let marker = second.marker();
            format!(
                "the activities `{first}` and `{name}` would both become `{marker}`: rename one"
            )
        };
        diagnostics.at(&second.function.signature.ident, message);
    }
}

/// Checks the function and its parameters.
pub(crate) fn check_function(
    kind: Kind,
    function: &Function,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    check_signature(function, diagnostics);
    let parameters = match parameters {
        [first, others @ ..] if kind != Kind::Function && is_instance(first.ty) => {
            diagnostics.at(first.pattern, INSTANCE_OF_ANOTHER_NAME);
            others
        }
        all => all,
    };
    check_generics(function, parameters, diagnostics);
    check_types(parameters, diagnostics);
    check_handles(parameters, diagnostics);
    check_order(parameters, diagnostics);
    check_count(parameters, diagnostics);
    check_conditions(parameters, diagnostics);
    if kind == Kind::Function {
        check_names(function, parameters, diagnostics);
    } else {
        check_receiver(function, diagnostics);
        check_own_type(function, parameters, diagnostics);
    }
    if kind == Kind::PlainMethod {
        check_context(function, parameters, diagnostics);
    } else {
        check_heartbeats(function, parameters, diagnostics);
    }
    check_output(kind, function, diagnostics);
}

// The SDK calls an activity as a safe Rust function.
fn check_signature(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    if let Some(constness) = &signature.constness {
        diagnostics.at(constness, "an activity cannot be `const`");
    }
    if !matches!(signature.safety, Safety::Default) {
        diagnostics.at(&signature.safety, "an activity cannot be `unsafe`");
    }
    if let Some(abi) = &signature.abi {
        diagnostics.at(abi, "an activity cannot be `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        diagnostics.at(variadic, "an activity takes a fixed number of inputs");
    }
}

/// Whether a function is a method, of which alone nothing can be made.
///
/// A free function becomes a marker of its own; a method has a type to hang on.
pub(crate) fn check_place(function: &Function, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    if let Some(receiver) = signature.receiver() {
        diagnostics.at(receiver, METHOD_ALONE);
    } else if let Some(span) = own_type(signature.to_token_stream()) {
        diagnostics.at_span(span, METHOD_ALONE);
    }
}

// Inputs and output are written once more where the worker knows them, outside of the block.
fn check_own_type(
    function: &Function,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let types = parameters.iter().map(|parameter| parameter.ty).chain(function.output());
    for span in types.filter_map(|ty| own_type(ty.to_token_stream())) {
        diagnostics.at_span(
            span,
            "the worker knows an activity's types outside of this block: write the type's name, not \
             `Self`",
        );
    }
}

/// Where `Self` is named, if it is: only methods can.
fn own_type(tokens: TokenStream) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "Self" => Some(ident.span()),
        TokenTree::Group(group) => own_type(group.stream()),
        _ => None,
    })
}

// The worker holds the instance, and attempts run side by side.
fn check_receiver(function: &Function, diagnostics: &mut Diagnostics) {
    let Some(receiver) = function.receiver() else { return };
    let is_arc = matches!(&receiver.kind, ReceiverKind::Typed(_, ty) if is_arc_of_self(ty));
    if !is_arc {
        diagnostics.at(
            receiver,
            "an activity shares its instance with other attempts: write `self: Arc<Self>`, or no \
             `self` at all",
        );
    }
}

fn is_arc_of_self(ty: &Type) -> bool {
    is_of_self("Arc", ty)
}

/// Whether this is a way to hold the instance, which no input is: that would be `Self` alone.
fn is_instance(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_self(&reference.elem),
        _ => ["Arc", "Rc", "Box"].iter().any(|holder| is_of_self(holder, ty)),
    }
}

fn is_of_self(holder: &str, ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    let of_self =
        matches!(arguments.args.first(), Some(GenericArgument::Type(own)) if is_self(own));
    last.ident == holder && of_self && arguments.args.len() == 1
}

fn is_self(ty: &Type) -> bool {
    matches!(ty, Type::Path(own) if own.path.is_ident("Self"))
}

// The worker runs one function under one name.
fn check_generics(
    function: &Function,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let generics = &function.signature.generics;
    let are_lifetimes = generics.params.iter().all(|it| matches!(it, GenericParam::Lifetime(_)));
    if are_lifetimes && parameters.iter().any(|it| borrowed(it.ty).is_some()) {
        // What they are for is what is wrong.
    } else if !generics.params.is_empty() {
        diagnostics.at(
            &generics.params,
            "an activity cannot be generic: it runs under one name, with one input type",
        );
    } else if let Some(clause) = predicates(generics) {
        diagnostics.at(clause, "an activity cannot have a `where` clause: it is not generic");
    }
}

/// A `where` clause that asks for something: macros leave an empty one.
fn predicates(generics: &Generics) -> Option<&WhereClause> {
    generics.where_clause.as_ref().filter(|clause| !clause.predicates.is_empty())
}

// A method without keys of ours is the SDK's, which hands the context to every activity.
fn check_context(function: &Function, parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    if !parameters.iter().any(|parameter| matches!(parameter.role, Role::Context)) {
        diagnostics.at(
            &function.signature.ident,
            "an activity takes an `ActivityContext` before its inputs, or has a heartbeat: write \
             `#[activity(heartbeat_timeout = \"30s\")]`",
        );
    }
}

// There is one of each handle in an attempt.
fn check_handles(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    let mut seen = Vec::new();
    for parameter in parameters {
        let Some(handle) = parameter.role.handle() else { continue };
        if seen.contains(&handle) {
            diagnostics.at(
                parameter.ty,
                format!("there is one `{handle}` in an attempt: clone it where you need a second"),
            );
        }
        seen.push(handle);
    }
}

// Inputs are told apart from handles by their place as well, so that a reader sees where they begin.
fn check_order(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    let inputs = parameters.iter().skip_while(|parameter| !parameter.role.is_input());
    for late in inputs.filter(|parameter| !parameter.role.is_input()) {
        let handle = late.role.handle().unwrap_or_default();
        diagnostics.at(late.ty, format!("`{handle}` comes before the inputs"));
    }
}

// The SDK's tuples of arguments end there.
fn check_count(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    let inputs = parameters.iter().filter(|parameter| parameter.role.is_input());
    if let Some(seventh) = inputs.clone().nth(MOST_INPUTS) {
        diagnostics.at(
            seventh.ty,
            format!(
                "an activity takes at most {MOST_INPUTS} inputs, not {}: put them into a struct",
                inputs.count()
            ),
        );
    }
}

// The function's name becomes a unit struct, which a pattern cannot shadow.
fn check_names(function: &Function, parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    for parameter in parameters {
        if let Pat::Ident(pattern) = parameter.pattern
            && pattern.ident == function.signature.ident
        {
            diagnostics.at(
                &pattern.ident,
                "a parameter cannot have the activity's own name: that becomes a unit struct here",
            );
        }
    }
}

// The compiler takes parameters out only after the types of the inputs were written down.
fn check_conditions(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    let attributes = parameters.iter().flat_map(|parameter| parameter.attributes);
    for attribute in
        attributes.filter(|it| it.path().is_ident("cfg") || it.path().is_ident("cfg_attr"))
    {
        diagnostics.at(
            attribute,
            "an activity has the same inputs everywhere: put the `#[cfg]` on the whole function",
        );
    }
}

// Each heartbeat replaces the stored details, so two that know nothing of each other lose them.
fn check_heartbeats(
    function: &Function,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let contexts = parameters.iter().filter(|parameter| matches!(parameter.role, Role::Context));
    let names = contexts.filter_map(|parameter| match parameter.pattern {
        Pat::Ident(pattern) => Some(&pattern.ident),
        _ => None,
    });
    for span in names.filter_map(|name| own_heartbeat(function.body.clone(), name)) {
        diagnostics.at_span(
            span,
            "this activity heartbeats by itself, and each heartbeat replaces the details of the last: \
             take a `Checkpoint` and `save` to it instead",
        );
    }
}
