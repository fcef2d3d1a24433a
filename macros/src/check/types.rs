//! The rules for the types of a function, as far as they can be told by how they are written.

use quote::ToTokens;
use syn::{PathArguments, Type};

use super::Kind;
use crate::{
    diagnostics::Diagnostics,
    model::{Function, Parameter, Role, borrowed, is_str, plain, unnamed, unsaid},
};

// The server is told of every end, so there must be a way to fail.
pub(super) fn check_output(kind: Kind, function: &Function, diagnostics: &mut Diagnostics) {
    match function.output() {
        // The SDK lets such a method complete.
        None if kind == Kind::PlainMethod => {}
        None => diagnostics.at(
            &function.signature.ident,
            "an activity returns a `Result`: write `-> Result<(), ActivityError>`",
        ),
        Some(output) => match plain(output) {
            Type::ImplTrait(output) if written(output).contains("Future") => diagnostics.at(
                output,
                "an activity that waits is an `async fn`: write the `Output` of this future",
            ),
            Type::ImplTrait(output) => {
                diagnostics.at(output, "an activity returns one type, not `impl Trait`");
            }
            output => {
                if let Some(Type::ImplTrait(output)) = function.written_output().map(plain) {
                    diagnostics.at(output, "an activity returns one type, not `impl Trait`");
                } else if let Some(span) = function.written_output().and_then(borrowed) {
                    let message = format!("an activity owns its output: return {OWNED}");
                    diagnostics.at_span(span, message);
                } else if let Some(span) = unsaid(output) {
                    diagnostics.at_span(span, UNSAID);
                } else if let Some(span) = unnamed(output) {
                    let message = "an activity returns types with a name, not `impl Trait`";
                    diagnostics.at_span(span, message);
                } else if is_no_result(output) {
                    diagnostics.at(output, no_result(output));
                }
            }
        },
    }
}

/// Whether a type is surely no `Result`, by whatever name it is imported.
fn is_no_result(output: &Type) -> bool {
    const NAMES: [&str; 22] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "bool", "char", "str", "String", "Option", "Vec", "HashMap", "Box",
    ];
    match output {
        Type::Path(path) => match path.path.segments.last() {
            Some(last) => NAMES.iter().any(|name| last.ident == name),
            None => false,
        },
        Type::Tuple(_) | Type::Array(_) | Type::Reference(_) | Type::Slice(_) | Type::Never(_) => {
            true
        }
        _ => false,
    }
}

fn no_result(output: &Type) -> String {
    let is_nothing = matches!(output, Type::Reference(_) | Type::Slice(_) | Type::Never(_));
    let output = if is_nothing { "T".to_owned() } else { written(output) };
    format!("an activity returns a `Result`: write `Result<{output}, ActivityError>`")
}

/// A type as a person writes it.
fn written(ty: impl ToTokens) -> String {
    let tokens = ty.to_token_stream().to_string().replace(" <", "<").replace("< ", "<");
    tokens.replace(" >", ">").replace(" ,", ",").replace(" :: ", "::")
}

// Inputs come from the server, and the attempt outlives the call.
pub(super) fn check_types(parameters: &[Parameter<'_>], diagnostics: &mut Diagnostics) {
    for parameter in parameters {
        if let Some(handle) = handle_by_reference(parameter.ty) {
            diagnostics.at(parameter.ty, format!("an activity owns its handles: take `{handle}`"));
        } else if let Some(span) = borrowed(parameter.ty) {
            let what =
                if parameter.role.is_input() { "an activity owns its inputs" } else { OWNED_STATE };
            diagnostics.at_span(span, format!("{what}: take {OWNED}"));
        } else if is_str(parameter.ty) {
            diagnostics.at(parameter.ty, "an activity owns its inputs: take `String`");
        } else if let Type::ImplTrait(ty) = plain(parameter.ty) {
            diagnostics
                .at(ty, "an activity takes one type, not `impl Trait`: the input is deserialised");
        } else if let Type::TraitObject(ty) = plain(parameter.ty) {
            diagnostics
                .at(ty, "an activity takes one type, not `dyn Trait`: the input is deserialised");
        } else if let Some(span) = unsaid(parameter.ty) {
            diagnostics.at_span(span, UNSAID);
        } else if let Some(span) = unnamed(parameter.ty) {
            diagnostics.at_span(
                span,
                "an activity takes types with a name, not `impl Trait`: the input is deserialised",
            );
        } else if let Role::Checkpoint(Some(state)) = parameter.role
            && matches!(plain(state), Type::Tuple(state) if state.elems.is_empty())
        {
            diagnostics.at(
                state,
                "a checkpoint of `()` holds nothing: say what it holds, as in `Checkpoint<u64>`, or take a \
                 `Cancellation`",
            );
        } else if let Role::Checkpoint(None) = parameter.role {
            diagnostics.at(parameter.ty, one_state(parameter.ty));
        }
    }
}

/// What is said of `_`.
const UNSAID: &str = "an activity's types are written out: the compiler does not fill in `_` here";

const OWNED_STATE: &str = "a checkpoint owns its state";

/// What to write for what is borrowed.
const OWNED: &str = "`String` for `&str`, `PathBuf` for `&Path`, `Vec<T>` for `&[T]`, `T` for `&T`";

/// The handle that a reference is to.
fn handle_by_reference(ty: &Type) -> Option<String> {
    let Type::Reference(reference) = plain(ty) else { return None };
    let Type::Path(handle) = plain(&reference.elem) else { return None };
    let last = handle.path.segments.last()?;
    let is_handle = ["Checkpoint", "Cancellation", "Attempt", "ActivityContext"]
        .iter()
        .any(|it| last.ident == it);
    is_handle.then(|| written(&reference.elem))
}

/// A checkpoint that holds nothing, or several things.
fn one_state(checkpoint: &Type) -> String {
    let several = match checkpoint {
        Type::Path(path) => path.path.segments.last().and_then(|last| match &last.arguments {
            PathArguments::AngleBracketed(several) if several.args.len() > 1 => Some(&several.args),
            _ => None,
        }),
        _ => None,
    };
    several.map_or_else(
        || "say what the checkpoint holds: `Checkpoint<u64>`".to_owned(),
        |several| {
            let several = written(several);
            format!(
                "a checkpoint holds one type: a struct, or a tuple as in `Checkpoint<({several})>`"
            )
        },
    )
}
