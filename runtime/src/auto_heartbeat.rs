//! Heartbeats for activities that were written for the SDK alone.

use std::{fmt, sync::Arc, time::Duration};

use temporalio_common::ActivityDefinition;
use temporalio_sdk::activities::{
    ActivityContext, ActivityDefinitions, ActivityError, ActivityImplementer, ExecutableActivity,
};

use crate::{
    attempt::Takes,
    cancel::Cancellation,
    checkpoint::Checkpoint,
    options::{Grace, Options},
    worker::{BoxFuture, NoCheckpoint, run_attempt},
};

/// Nothing is declared here: the interval follows the timeout that the workflow sets.
const UNDECLARED: Options = Options::new(Duration::from_secs(90));

/// Registers unmodified activities of the SDK, and beats for them.
///
/// For activities that keep **no details of their own**: those that never call
/// `record_heartbeat`. Details that such an activity records would be replaced by the next
/// automatic beat; give it a [`Checkpoint`](crate::Checkpoint) instead, through
/// [`#[activity]`](macro@crate::activity). Details that an earlier attempt left are carried on as
/// they are.
///
/// On a cancellation the body's future is dropped, so its destructors run, and the attempt is
/// answered as its [reason](crate::CancelReason) needs. A synchronous activity cannot be dropped:
/// its thread goes on, without a heartbeat.
///
/// ```no_run,standalone_crate
/// use autobeat::AutoHeartbeat;
/// use temporalio_sdk::{
///     WorkerOptions,
///     activities::{ActivityContext, ActivityError, activities},
/// };
/// # extern crate futures_util as futures;
///
/// struct Greeter;
///
/// #[activities]
/// impl Greeter {
///     #[activity]
///     async fn greet(_: ActivityContext, name: String) -> Result<String, ActivityError> {
///         tokio::time::sleep(std::time::Duration::from_secs(60)).await;
///         Ok(format!("Hello, {name}!"))
///     }
/// }
///
/// let greeter = AutoHeartbeat::new(Greeter).wrap(Greeter::greet);
/// let options = WorkerOptions::new("greetings")
///     .register_activities(greeter)
///     .graceful_shutdown_period(std::time::Duration::from_millis(50)) // else a shutdown tells them nothing
///     .build();
/// ```
pub struct AutoHeartbeat<I> {
    instance: Arc<I>,
    register: Vec<fn(&Arc<I>, &mut ActivityDefinitions)>,
}

impl<I> fmt::Debug for AutoHeartbeat<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AutoHeartbeat")
            .field("activities", &self.register.len())
            .finish_non_exhaustive()
    }
}

impl<I: ActivityImplementer + Send + Sync + 'static> AutoHeartbeat<I> {
    /// Takes the instance that the activities are methods of.
    #[must_use]
    pub fn new(instance: I) -> Self {
        Self { instance: Arc::new(instance), register: Vec::new() }
    }

    /// Adds one of its activities; those that are not added are not registered.
    #[must_use]
    pub fn wrap<A>(mut self, _activity: A) -> Self
    where
        A: ExecutableActivity<Implementer = I> + Send + Sync + 'static,
        A::Input: Send + Sync,
        A::Output: Send + Sync,
    {
        self.register.push(|instance, definitions| {
            definitions.register_activity::<Beating<A>>(Arc::clone(instance));
        });
        self
    }
}

impl<I> ActivityImplementer for AutoHeartbeat<I> {
    fn register_all(self: Arc<Self>, definitions: &mut ActivityDefinitions) {
        for register in &self.register {
            register(&self.instance, definitions);
        }
    }
}

/// An activity of the SDK, registered in its own place under its own name.
struct Beating<A>(A);

impl<A: ActivityDefinition> ActivityDefinition for Beating<A> {
    type Input = A::Input;
    type Output = A::Output;

    fn name(&self) -> &str {
        self.0.name()
    }
}

impl<A> ExecutableActivity for Beating<A>
where
    A: ExecutableActivity + Send + Sync + 'static,
    A::Input: Send + Sync,
    A::Output: Send + Sync,
{
    type Implementer = A::Implementer;
    const REQUIRES_INSTANCE: bool = A::REQUIRES_INSTANCE;

    fn definition() -> Self {
        Self(A::definition())
    }

    fn execute(
        receiver: Option<Arc<Self::Implementer>>,
        context: ActivityContext,
        input: Self::Input,
    ) -> BoxFuture<Result<Self::Output, ActivityError>> {
        let handed_in = context.clone();
        let body = move |_: Checkpoint<NoCheckpoint>, _: Cancellation| {
            A::execute(receiver, handed_in, input)
        };
        // Such a body looks for a cancellation seldom or never, so it is dropped at once.
        let options = UNDECLARED.cancel_grace(Grace::After(Duration::ZERO));
        Box::pin(run_attempt(options, Takes::NOTHING, context, body))
    }
}
