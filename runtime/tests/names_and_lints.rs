//! Names that generated code could meet, lints that a user may forbid, and attributes of functions.

#![forbid(dead_code, non_camel_case_types)]
#![deny(warnings, missing_debug_implementations, missing_copy_implementations)]
// These activities have nothing to fail at.
#![allow(clippy::unnecessary_wraps)]

use autobeat::{Checkpoint, activities, activity};
use temporalio_common::ActivityDefinition;
use temporalio_sdk::{
    WorkerOptions,
    activities::{ActivityContext, ActivityError, ExecutableActivity},
};

/// Activities, and what stands beside them, called like the bindings of generated code.
mod names {
    use std::sync::Arc;

    use autobeat::{Checkpoint, activities, activity};
    use temporalio_sdk::activities::{ActivityContext, ActivityError};

    macro_rules! activities_called {
        ($($name:ident)*) => {
            $(
                #[activity(heartbeat_timeout = "30s")]
                pub(super) async fn $name(
                    done: Checkpoint<u64>,
                    first: u64,
                    second: u64,
                ) -> Result<u64, ActivityError> {
                    std::future::ready(Ok(done.get() + first + second)).await
                }
            )*
        };
    }

    activities_called! { context input handles definitions instance definition options str bool u64_ call }

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Greeter;

    #[activities(heartbeat_timeout = "30s")]
    impl Greeter {
        #[activity]
        pub(super) async fn context(
            self: Arc<Self>,
            name: String,
        ) -> Result<String, ActivityError> {
            std::future::ready(Ok(name)).await
        }

        #[activity]
        pub(super) fn input(
            _: ActivityContext,
            left: u64,
            right: u64,
        ) -> Result<u64, ActivityError> {
            Ok(left + right)
        }
    }
}

/// An error and a state that nobody else can name.
#[allow(unreachable_pub)]
mod private {
    use autobeat::{Checkpoint, activity};
    use temporalio_sdk::activities::ActivityError;

    #[derive(Debug)]
    struct OutOfPaper;

    impl std::fmt::Display for OutOfPaper {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("out of paper")
        }
    }

    impl std::error::Error for OutOfPaper {}

    #[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
    struct Pages(u64);

    #[expect(private_interfaces)]
    #[activity(heartbeat_timeout = "30s")]
    pub async fn print_on(done: Checkpoint<Pages>, pages: u64) -> Result<u64, ActivityError> {
        std::future::ready(Ok(done.get().0 + pages)).await
    }

    /// A plain function with such an error is a warning, and so is this one.
    #[expect(private_interfaces)]
    #[activity(heartbeat_timeout = "30s")]
    pub async fn print(pages: u64) -> Result<u64, OutOfPaper> {
        std::future::ready(if pages > 100 { Err(OutOfPaper) } else { Ok(pages) }).await
    }
}

/// A word is no heartbeat.
fn record_heartbeat(context: &ActivityContext) -> bool {
    context.is_cancelled()
}

#[activity(heartbeat_timeout = "30s")]
async fn own_word(context: ActivityContext) -> Result<bool, ActivityError> {
    let record_heartbeat = record_heartbeat(&context);
    std::future::ready(Ok(record_heartbeat)).await
}

/// What is expected is found once.
#[activity(heartbeat_timeout = "30s")]
#[expect(unused_variables, reason = "it is there for the workflow")]
async fn expects(done: Checkpoint<u64>, unread: u64) -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

#[deprecated(note = "take another")]
#[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
async fn old(done: Checkpoint<u64>) -> Result<u64, ActivityError> {
    std::future::ready(Ok(done.get())).await
}

/// Nobody uses it: no strange word about it.
#[activity(heartbeat_timeout = "30s")]
async fn unused() -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

macro_rules! from_fragments {
    ($state:ty, $output:ty, $of:ty) => {
        #[activity(heartbeat_timeout = "30s")]
        async fn fragments(done: $state, end: u64) -> $output {
            std::future::ready(Ok(done.get().min(end))).await
        }

        #[derive(Clone, Copy, Debug)]
        struct Fragmented;

        #[activities(heartbeat_timeout = "30s")]
        impl $of {
            #[activity]
            async fn run(done: $state) -> $output {
                std::future::ready(Ok(done.get())).await
            }
        }
    };
}

from_fragments!(Checkpoint<u64>, Result<u64, ActivityError>, Fragmented);

#[test]
fn whatever_it_is_called_it_is_registered() {
    let worker = WorkerOptions::new("anywhere")
        .register_activities(names::context)
        .register_activities(names::input)
        .register_activities(names::str)
        .register_activities(names::Greeter)
        .register_activities(private::print)
        .register_activities(private::print_on)
        .register_activities(own_word)
        .register_activities(expects)
        .register_activities(fragments)
        .register_activities(Fragmented)
        .build();
    let registered = format!("{:?}", worker.activities());
    for name in ["\"context\"", "\"str\"", "Greeter::input", "\"print\"", "Fragmented::run"] {
        assert!(registered.contains(name), "{name} in {registered}");
    }
}

#[test]
fn a_fragment_that_is_a_checkpoint_is_one() {
    fn input_of<A: ActivityDefinition<Input = I> + ExecutableActivity, I>(_: A) {}
    input_of::<_, u64>(fragments);
    input_of::<_, ()>(Fragmented::run);
}

#[test]
#[expect(deprecated)]
fn who_uses_a_deprecated_activity_is_warned() {
    assert_eq!(old.name(), "old");
}
