//! What is asked of the types of an activity, and what the compiler says where one does not fit.
//!
//! Each type that a user writes is checked once, in generated code that stands at that type, which
//! calls a function below. Everywhere else generated code *assumes* that it fits, with
//! `where for<'a> T: ActivityInput<'a>` on its impls: what is assumed is never complained about, so
//! one mistake is one error. The lifetime means nothing. It is there since the compiler looks at a
//! bound without any parameter at once, and at one below a `for` only where somebody needs it.
//!
//! Each assumption makes the compiler think anew about what it knows already, so of a number or a text
//! nothing is assumed, and a body starts where nothing is: see [`start`](crate::start).

use temporalio_common::data_converters::{TemporalDeserializable, TemporalSerializable};

use crate::{attempt::ActivityReturn, checkpoint::CheckpointState, worker::Activity};

/// An input of an activity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an input of an activity",
    label = "the workflow sends this as data",
    note = "an input is `Serialize`, `Deserialize`, `Send`, `Sync` and owns what it holds; for a type of yours: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "a `Checkpoint`, a `Cancellation`, an `Attempt` and an `ActivityContext` are handed in where a parameter is one itself: under no alias, within no other type"
)]
pub trait ActivityInput<'a>:
    TemporalSerializable + TemporalDeserializable + Send + Sync + 'static
{
}

#[diagnostic::do_not_recommend]
impl<T> ActivityInput<'_> for T where
    T: TemporalSerializable + TemporalDeserializable + Send + Sync + 'static
{
}

/// What an activity completes with.
#[diagnostic::on_unimplemented(
    message = "an activity cannot complete with `{Self}`",
    label = "the workflow gets this as data",
    note = "an output is `Serialize`, `Deserialize`, `Send`, `Sync` and owns what it holds; for a type of yours: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait ActivityOutput<'a>:
    TemporalSerializable + TemporalDeserializable + Send + Sync + 'static
{
}

#[diagnostic::do_not_recommend]
impl<T> ActivityOutput<'_> for T where
    T: TemporalSerializable + TemporalDeserializable + Send + Sync + 'static
{
}

/// What a body returns, of which `T` is the output.
#[diagnostic::on_unimplemented(
    message = "an activity cannot return `{Self}`",
    label = "not a `Result` that an activity can return",
    note = "return `Result<T, ActivityError>`, `anyhow::Result<T>`, or `Result<T, E>` with an `E` that is a `std::error::Error`, `Send` and `Sync`",
    note = "neither `String` nor `Box<dyn Error>` is such an `E`: return `anyhow::Result<T>`, for which `anyhow::anyhow!(…)` makes an error"
)]
pub trait ActivityReturns<'a, T>: ActivityReturn<Output = T> + 'static {}

#[diagnostic::do_not_recommend]
impl<T, R: ActivityReturn<Output = T> + 'static> ActivityReturns<'_, T> for R {}

/// What a body returns, where the output is not written but hidden behind an alias.
#[diagnostic::on_unimplemented(
    message = "an activity cannot return `{Self}`",
    label = "not a `Result` that an activity can return",
    note = "return `Result<T, ActivityError>`, `anyhow::Result<T>`, or `Result<T, E>` with a `T` that is `Serialize` and `Deserialize` and an `E` that is a `std::error::Error`, `Send` and `Sync`",
    note = "neither `String` nor `Box<dyn Error>` is such an `E`: return `anyhow::Result<T>`, for which `anyhow::anyhow!(…)` makes an error"
)]
pub trait ActivityReturnsData<'a>:
    ActivityReturn<Output: TemporalSerializable + TemporalDeserializable + Send + Sync + 'static>
    + 'static
{
}

#[diagnostic::do_not_recommend]
impl<R> ActivityReturnsData<'_> for R where
    R: ActivityReturn<
            Output: TemporalSerializable + TemporalDeserializable + Send + Sync + 'static,
        > + 'static
{
}

/// The `T` of a `Checkpoint<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of a checkpoint",
    label = "the heartbeat stores this as data",
    note = "a state is `Serialize`, `Deserialize`, `Default`, `Clone`, `Send`, `Sync` and owns what it holds; for a type of yours: `#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]`"
)]
pub trait ActivityState<'a>: CheckpointState {}

#[diagnostic::do_not_recommend]
impl<T: CheckpointState> ActivityState<'_> for T {}

/// The type whose methods are activities.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot have activities as its methods",
    label = "attempts share this between threads",
    note = "it is `Send`, `Sync` and owns what it holds: `Mutex<T>` for `RefCell<T>` and `Cell<T>`, `Arc<T>` for `Rc<T>`"
)]
pub trait ActivityInstance<'a>: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> ActivityInstance<'_> for T {}

/// An activity all of whose types fit, so that it can be run.
#[diagnostic::on_unimplemented(
    message = "the types of `{Self}` are not those of an activity",
    label = "cannot be run",
    note = "what does not fit is said where it is declared"
)]
pub trait Runs<'a, I>: Activity<Instance = I> {}

#[diagnostic::do_not_recommend]
impl<A: Activity<Instance = I>, I> Runs<'_, I> for A {}

/// An activity whose attribute has a close timeout: implemented for none, asked of those without.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no close timeout, and the server takes no activity without one",
    label = "there are no options without a close timeout",
    note = "write `start_to_close_timeout = \"…\"`, the longest time of one attempt, or `schedule_to_close_timeout = \"…\"`, that of all together, into its attribute"
)]
pub trait DeclaresCloseTimeout<'a> {}

/// Asks it of an input.
pub const fn input<T: for<'a> ActivityInput<'a>>() {}

/// Asks it of an output.
pub const fn output<T: for<'a> ActivityOutput<'a>>() {}

/// Asks it of what is returned.
pub const fn returned<R: for<'a> ActivityReturns<'a, T>, T>() {}

/// Asks it of what is returned under an alias.
pub const fn returned_data<R: for<'a> ActivityReturnsData<'a>>() {}

/// Asks it of a state.
pub const fn state<T: for<'a> ActivityState<'a>>() {}

/// Asks it of the type of a block.
pub const fn of_methods<T: for<'a> ActivityInstance<'a>>() {}
