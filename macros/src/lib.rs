//! The attributes of [autobeat](https://docs.rs/autobeat), which re-exports them: use them from there.
//!
//! What is written goes through four rooms: its grammar (`attr`), what it is (`model`), the rules
//! (`check`), and the code it becomes (`expand`).

mod attr;
mod check;
mod diagnostics;
mod expand;
mod model;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

use crate::{attr::Keys, diagnostics::Diagnostics, model::Function};

/// Makes a function a Temporal activity that heartbeats, checkpoints, resumes and cancels by itself.
///
/// ```ignore
/// #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "2h")]
/// async fn process_large_file(checkpoint: Checkpoint<u64>, path: PathBuf) -> Result<u64, ActivityError> {
///     // …
/// }
///
/// // worker:    WorkerOptions::new("files").register_activities(process_large_file)
/// // workflow:  ctx.execute_activity(process_large_file, path, process_large_file.options()).await?
/// ```
///
/// The function's name becomes a unit struct: the value that is registered and called, with
/// `options()` where a close timeout is declared, and `call(…)`, the plain body. As with handlers in
/// actix-web, a `let` or a parameter of the same name in its module does not shadow it.
///
/// # Parameters
///
/// Handles come first, in any order, told apart by their types: `Checkpoint<T>`, `Cancellation`
/// (written bare or as `autobeat::…`) and the SDK's `ActivityContext`. Every other parameter is an
/// input; there may be six. The function returns any `Result` whose error `?` turns into the SDK's
/// `ActivityError`. One that is not `async` runs on the blocking pool.
///
/// # Keys
///
/// | key | meaning | default |
/// | --- | --- | --- |
/// | `heartbeat_timeout` | the server gives the attempt up after this long without a heartbeat | required |
/// | `heartbeat_interval` | how often the heartbeat goes out; at most half of the timeout | a third of the timeout, at most 30 s |
/// | `start_to_close_timeout`, `schedule_to_close_timeout`, `schedule_to_start_timeout`, `max_attempts` | go into `options()` | none |
/// | `cancellation_type` | goes into `options()`: `"wait_cancellation_completed"`, `"try_cancel"`, `"abandon"` | wait |
/// | `stall_timeout` | longest time without progress | none |
/// | `cancel_grace` | how long the body may go on after a cancellation; `"never"` leaves it alone | 10 s for a body that can see it, none for one that cannot |
/// | `on_bad_checkpoint` | `"fail"` or `"restart"` when the stored details are not a `T` | fail, not retried |
/// | `name`, `definition` | as in the SDK | the function's name |
/// | `crate` | the path of `autobeat` where it is renamed | `::autobeat` |
///
/// Durations are text: `"500ms"`, `"30s"`, `"1h 30m"`.
#[proc_macro_attribute]
pub fn activity(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    activity_on_function(attribute.into(), &item.into()).into()
}

/// The whole way of one function, in tokens that ordinary tests can make.
fn activity_on_function(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let mut wrong_keys = Diagnostics::default();
    let keys = Keys::parse(attribute, &mut wrong_keys);
    check::check_keys(&keys, &mut wrong_keys);
    let wrong_keys = wrong_keys.into_compile_errors();

    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = not_a_function(item, error).into_compile_error();
            return quote!(#item #wrong_keys #error);
        }
    };
    let crate_path = keys.crate_path.value().cloned().unwrap_or_else(default_crate);
    let parameters = function.parameters(&crate_path);
    let mut wrong_function = Diagnostics::default();
    check::check_function(&function, &parameters, &mut wrong_function);
    match (function.output(), wrong_function.into_compile_errors()) {
        (Some(output), None) => {
            // Also where a key is wrong: what uses the activity still finds it.
            let code = expand::expand(&keys, &function, &parameters, output, &crate_path);
            quote!(#code #wrong_keys)
        }
        // The function as it was, so that its names resolve and no second error follows.
        (_, errors) => quote!(#item #wrong_keys #errors),
    }
}

fn default_crate() -> Path {
    syn::parse_quote!(::autobeat)
}

/// A function that is half-typed has its own error; everything else is in the wrong place.
fn not_a_function(item: &TokenStream, error: syn::Error) -> syn::Error {
    if item.clone().into_iter().any(|token| token.to_string() == "fn") && !is_other_item(item) {
        return error;
    }
    syn::Error::new(
        proc_macro2::Span::call_site(),
        "`#[activity]` goes on a free function: `async fn name(…) -> Result<T, ActivityError>`",
    )
}

fn is_other_item(item: &TokenStream) -> bool {
    syn::parse2::<syn::Item>(item.clone()).is_ok_and(|item| !matches!(item, syn::Item::Fn(_)))
}

#[cfg(test)]
mod tests;
