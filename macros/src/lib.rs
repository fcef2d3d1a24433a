//! The attributes of [autobeat](https://docs.rs/autobeat), which re-exports them: use them from there.
//!
//! What is written goes through four rooms: its grammar (`attr`), what it is (`model`), the rules
//! (`check`), and the code it becomes (`expand`).

mod attr;
mod block;
mod check;
mod diagnostics;
mod expand;
mod model;
mod surroundings;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Path, spanned::Spanned};

use crate::{
    attr::{
        Keys,
        table::{table_of_keys, table_of_retry_keys, with_keys, with_retry_keys},
    },
    block::{Block, Method},
    check::Kind,
    diagnostics::Diagnostics,
    expand::BlockActivity,
    model::{Function, Handles},
    surroundings::Surroundings,
};

/// Makes a function a Temporal activity that heartbeats, checkpoints, resumes and cancels by itself.
///
/// ```ignore
/// #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
/// async fn process_large_file(checkpoint: Checkpoint<u64>, path: PathBuf) -> Result<u64, ActivityError> {
///     // …
/// }
///
/// // worker:    WorkerOptions::new("files").register_activities(process_large_file)
/// //               .graceful_shutdown_period(Duration::from_millis(50))
/// // workflow:  ctx.execute_activity(process_large_file, path, process_large_file.options()).await?
/// // client:    start_activity(process_large_file, path, process_large_file.start_options("files", id)).await?
/// ```
///
/// The function's name becomes a unit struct: the value that is registered and called, with
/// `options()` and `start_options(task_queue, id)` where a close timeout is declared, and `call(…)`, the
/// plain body. As with handlers in actix-web, a `let` or a parameter of the same name in its module does
/// not shadow it.
///
/// The manual is the module [`guide`](https://docs.rs/autobeat/latest/autobeat/guide/index.html).
///
/// # Parameters
///
/// Handles come first, in any order, told apart by their types: `Checkpoint<T>`, `Cancellation`, `Attempt`
/// (written bare or as `autobeat::…`) and the SDK's `ActivityContext`. Every other parameter is an
/// input; there may be six. The function returns any `Result` whose error `?` turns into the SDK's
/// `ActivityError`. One that is not `async` runs on the blocking pool.
///
/// # Keys
///
#[doc = with_keys!(table_of_keys)]
///
#[doc = with_retry_keys!(table_of_retry_keys)]
///
/// Durations are text: `"500ms"`, `"30s"`, `"1h 30m"`. Words, as those of `cancellation_type`, may go
/// without their quotes.
#[proc_macro_attribute]
pub fn activity(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let place = surroundings::of(proc_macro::Span::call_site());
    activity_on_function(attribute.into(), &item.into(), place).into()
}

/// Makes the methods of an `impl` block activities: the SDK's attribute, and ours.
///
/// A drop-in for the SDK's macro of that name: `#[activity]`, `#[activity(name = …)]` and
/// `#[activity(definition = …)]` mean what they mean there, `self: Arc<Self>` and methods that are
/// not `async` included. A method with further keys, its own or the block's, gets what
/// [`activity`](macro@activity) gives a function: the heartbeat, the checkpoint, the cancellation.
///
/// ```ignore
/// #[activities(heartbeat_timeout = "30s")]
/// impl Greeter {
///     /// Beats every 10 s, as all of this block.
///     #[activity]
///     async fn greet(_: ActivityContext, name: String) -> Result<String, ActivityError> { /* … */ }
///
///     /// Has a checkpoint, and a timeout of its own.
///     #[activity(heartbeat_timeout = "2s")]
///     async fn greet_all(self: Arc<Self>, done: Checkpoint<u64>) -> Result<(), ActivityError> { /* … */ }
/// }
///
/// // worker:    WorkerOptions::new("greetings").register_activities(Greeter)
/// //               .graceful_shutdown_period(Duration::from_millis(50))
/// // workflow:  ctx.execute_activity(Greeter::greet, name, options).await?
/// ```
///
/// # What a method becomes
///
/// A constant of its name, as with the SDK: `Greeter::greet` is what is called and registered. It has
/// `name()`; without keys of ours the SDK's `run(instance, context, input)`; with them
/// `call(instance, …)`, the plain body, and where a close timeout is declared `options()` and
/// `start_options(task_queue, id)`. The SDK's activity name is kept: `"Greeter::greet"`.
///
/// # Keys
///
/// Those of [`activity`](macro@activity), as defaults for every method, but for `name` and
/// `definition`. A method's own keys go first.
#[proc_macro_attribute]
pub fn activities(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    activities_in_block(attribute.into(), &item.into()).into()
}

/// An item for each key, called so and documented: what an editor offers within the parentheses.
#[doc(hidden)]
#[proc_macro]
pub fn keys_for_editors(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    // A keyword can be no item's name.
    let keys = attr::keys_in_words().into_iter().filter(|(name, _)| *name != "crate");
    items_for_editors(keys.collect()).into()
}

/// An item for each key within `retry(…)`.
#[doc(hidden)]
#[proc_macro]
pub fn retry_keys_for_editors(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    items_for_editors(attr::retry_keys_in_words()).into()
}

fn items_for_editors(keys: Vec<(&'static str, String)>) -> TokenStream {
    let items = keys.into_iter().map(|(name, meaning)| {
        let name = syn::Ident::new(name, Span::call_site());
        quote! {
            #[doc = #meaning]
            pub const #name: () = ();
        }
    });
    quote!(#(#items)*)
}

/// A module for each key whose value is a word, with an item for each word.
#[doc(hidden)]
#[proc_macro]
pub fn words_for_editors(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let modules = attr::words_of_keys().into_iter().map(|(key, words)| {
        let key = syn::Ident::new(key, Span::call_site());
        let words = words.into_iter().map(|(word, meaning)| {
            let word = syn::Ident::new(word, Span::call_site());
            quote! {
                #[doc = #meaning]
                pub const #word: () = ();
            }
        });
        quote! {
            /// The words that this key can have.
            pub mod #key {
                #(#words)*
            }
        }
    });
    quote!(#(#modules)*).into()
}

/// The whole way of one function, in tokens that ordinary tests can make.
fn activity_on_function(
    attribute: TokenStream,
    item: &TokenStream,
    place: Surroundings,
) -> TokenStream {
    let mut wrong_keys = Diagnostics::default();
    let keys = Keys::parse(attribute, Span::call_site(), &mut wrong_keys);
    check::check_keys(&keys, &mut wrong_keys);
    let crate_path = keys.crate_path.value().cloned().unwrap_or_else(default_crate);
    let function: syn::Result<Function> = syn::parse2(item.clone());
    let mut function = match function {
        Ok(function) if place == Surroundings::AnImplBlock => {
            wrong_keys.into_compile_errors();
            let name = &function.signature.ident;
            let error = syn::Error::new_spanned(name, check::METHOD_ALONE).into_compile_error();
            return quote!(#item #error);
        }
        Ok(function) => function,
        Err(error) => {
            let (errors, error) = (
                wrong_keys.into_compile_errors(),
                not_a_function(item, error).into_compile_error(),
            );
            return quote!(#item #errors #error);
        }
    };
    let mut wrong_place = Diagnostics::default();
    check::check_place(&function, &mut wrong_place);
    if let Some(error) = wrong_place.into_compile_errors() {
        // Of a method nothing can be made here: it stays as it was, so that its names resolve.
        wrong_keys.into_compile_errors();
        return quote!(#item #error);
    }
    for second in function.attributes.take_marks(&crate_path) {
        wrong_keys.at(second, "`#[activity]` is written twice");
    }
    check::check_definition(&keys, &function, &mut wrong_keys);
    let parameters = function.parameters(Handles::All, &crate_path);
    check::check_hand_over(&keys, &parameters, &mut wrong_keys);
    let mut wrong = Diagnostics::default();
    check::check_function(Kind::Function, &function, &parameters, &mut wrong);
    let unknown = wrong.as_a_type();
    // Also where something is wrong: what uses the activity still finds it.
    let code =
        expand::expand_function(&keys, &function, &parameters, &crate_path, unknown.as_ref());
    let (wrong_keys, wrong) = (wrong_keys.into_compile_errors(), wrong.into_compile_errors());
    quote!(#code #wrong_keys #wrong)
}

/// The whole way of one block.
fn activities_in_block(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let keys = Keys::parse(attribute, Span::call_site(), &mut diagnostics);
    check::check_block_keys(&keys, &mut diagnostics);
    let mut keys = BlockKeys { are_right: diagnostics.is_empty(), keys };
    let crate_path = keys.keys.crate_path.value().cloned().unwrap_or_else(default_crate);

    let mut block = match Block::parse(item, &crate_path) {
        Ok(block) => block,
        Err(error) => {
            diagnostics.push(not_a_block(item, error));
            let errors = diagnostics.into_compile_errors();
            return quote!(#item #errors);
        }
    };
    for second in block.take_marks(&crate_path) {
        diagnostics.at(&second, "`#[activities]` is written twice");
        // Its keys hold, so that no method lacks them.
        let tokens = second.meta.require_list().map(|list| list.tokens.clone()).unwrap_or_default();
        let further = Keys::parse(tokens, second.path().span(), &mut diagnostics);
        keys.keys = keys.keys.or(&further);
    }
    let mut wrong_block = Diagnostics::default();
    check::check_block(&block, &mut wrong_block);
    if let Some(wrong_block) = wrong_block.into_compile_errors() {
        // The block as it was, so that its names resolve and no second error follows; but for a type
        // that can have no block at all.
        let block = block.type_name().map(|_| &block);
        let errors = diagnostics.into_compile_errors();
        return quote!(#block #wrong_block #errors);
    }
    let doubles = block.doubles();
    check::check_doubles(&doubles, &mut diagnostics);
    let is_double =
        |method: &&Method| doubles.iter().any(|(double, _)| std::ptr::eq(*double, *method));
    let activities: Vec<BlockActivity<'_>> = block
        .methods()
        .filter(|method| !is_double(method))
        .map(|method| activity_of(method, &keys, &crate_path, &mut diagnostics))
        .collect();
    let code = expand::expand_block(&block, &activities, &crate_path);
    let errors = diagnostics.into_compile_errors();
    quote!(#code #errors)
}

/// The keys of a block, and whether anything is wrong with them.
struct BlockKeys {
    keys: Keys,
    are_right: bool,
}

/// One method of a block.
fn activity_of<'a>(
    method: &'a Method,
    block: &BlockKeys,
    crate_path: &Path,
    diagnostics: &mut Diagnostics,
) -> BlockActivity<'a> {
    let tokens = method.keys().unwrap_or_else(|error| {
        diagnostics.push(error);
        TokenStream::new()
    });
    let own = Keys::parse(tokens, method.place(), diagnostics);
    check::check_method_keys(&own, diagnostics);
    let keys = own.or(&block.keys);
    let (kind, handles) = if keys.are_the_sdks() {
        (Kind::PlainMethod, Handles::ContextAlone)
    } else {
        (Kind::Method, Handles::All)
    };
    if kind == Kind::Method && block.are_right {
        // What is wrong with the block's keys has been said once.
        check::check_keys(&keys, diagnostics);
    }
    let function = &method.function;
    let parameters = function.parameters(handles, crate_path);
    if kind == Kind::Method {
        check::check_hand_over(&keys, &parameters, diagnostics);
    }
    let mut wrong = Diagnostics::default();
    check::check_function(kind, function, &parameters, &mut wrong);
    let unknown = wrong.as_a_type();
    diagnostics.append(wrong);
    BlockActivity { kind, keys, function, parameters, wrong: unknown }
}

fn default_crate() -> Path {
    syn::parse_quote!(::autobeat)
}

/// A function that is half-typed has its own error; everything else is in the wrong place.
fn not_a_function(item: &TokenStream, error: syn::Error) -> syn::Error {
    if item.clone().into_iter().any(|token| token.to_string() == "fn") && !is_other_item(item) {
        return error;
    }
    let message = if matches!(syn::parse2(item.clone()), Ok(syn::Item::Impl(_))) {
        "`#[activity]` goes on the methods of this block: write `#[activities]` on the block itself"
    } else {
        "`#[activity]` goes on a free function: `async fn name(…) -> Result<T, ActivityError>`"
    };
    syn::Error::new(Span::call_site(), message)
}

/// A block that is half-typed has its own error; everything else is in the wrong place.
fn not_a_block(item: &TokenStream, error: syn::Error) -> syn::Error {
    let is_impl = item.clone().into_iter().any(|token| token.to_string() == "impl");
    if is_impl && !is_other_item(item) {
        return error;
    }
    let message = match syn::parse2(item.clone()) {
        Ok(syn::Item::Fn(_)) => {
            "`#[activities]` goes on an `impl` block; a free function takes `#[activity]`"
        }
        _ => "`#[activities]` goes on an `impl` block, with `#[activity]` on its methods",
    };
    syn::Error::new(Span::call_site(), message)
}

fn is_other_item(item: &TokenStream) -> bool {
    syn::parse2::<syn::Item>(item.clone()).is_ok_and(|item| !matches!(item, syn::Item::Fn(_)))
}

#[cfg(test)]
mod tests;
