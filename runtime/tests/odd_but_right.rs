//! Uses of the attribute that are rare, and right: each compiles, without a warning.

#![deny(warnings, missing_docs)]
#![allow(clippy::unnecessary_wraps)]

use autobeat::{activities, activity};
use serde::{Deserialize, Serialize};
use temporalio_common::ActivityDefinition;
use temporalio_sdk::{
    WorkerOptions,
    activities::{ActivityContext, ActivityError},
};

/// Traits for all types, whose methods are called as what an activity is asked to do.
mod for_all_types {
    #![allow(dead_code)]

    pub(crate) trait Start {
        fn start<F>(&self, _: F) {}
    }

    impl<T> Start for T {}

    pub(crate) trait Duplicate {
        fn clone(&self) {}
    }

    impl<T> Duplicate for T {}

    pub(crate) trait Register: Sized {
        fn register<A, B>(self, _: A, _: B) {}
    }

    impl<T> Register for T {}
}

#[allow(unused_imports)]
use for_all_types::{Duplicate as _, Register as _, Start as _};

/// Has a thread of its own.
#[activity(heartbeat_timeout = "30s")]
pub fn blocks(done: u64) -> Result<u64, ActivityError> {
    Ok(done)
}

/// What others implement.
#[activity(heartbeat_timeout = "30s")]
pub async fn base(done: u64) -> Result<u64, ActivityError> {
    std::future::ready(Ok(done)).await
}

macro_rules! implementations {
    ($name:ident, $definition:path, $type:ident, $error:literal, $errors:expr) => {
        /// Takes its definition from a fragment, and its errors.
        #[activity(
                                            heartbeat_timeout = "30s",
                                            definition = $definition,
                                            retry(non_retryable_error_types = [$error, "Other"])
                                        )]
        pub async fn $name(done: u64) -> Result<u64, ActivityError>
        where {
            std::future::ready(Ok(done)).await
        }

        /// Likewise.
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        #[activities(heartbeat_timeout = "30s", retry(non_retryable_error_types = $errors))]
        impl $type {
            /// Likewise.
            #[activity(definition = $definition)]
            pub async fn run(done: u64) -> Result<u64, ActivityError> {
                std::future::ready(Ok(done)).await
            }
        }
    };
}

implementations!(implementation, base, Implements, "Wrong", ["Wrong"]);

/// The same, last.
#[activity(heartbeat_timeout = "30s")]
#[tracing::instrument(skip_all, "of its own")]
pub async fn instrumented_last(done: u64) -> Result<u64, ActivityError> {
    std::future::ready(Ok(done)).await
}

/// Holds a function, for any lifetime: for nobody but the tests.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Holds<T>(#[serde(skip)] std::marker::PhantomData<fn(T)>);

/// A lifetime of its own within the type of an input.
#[activity(heartbeat_timeout = "30s")]
pub async fn of_any_lifetime(
    _: Holds<for<'a> fn(&'a str) -> &'a str>,
) -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

/// A span whose name stands alone, before other arguments.
#[activity(heartbeat_timeout = "30s")]
#[tracing::instrument("of its own", skip_all)]
pub async fn instrumented(done: u64) -> Result<u64, ActivityError> {
    std::future::ready(Ok(done)).await
}

#[expect(missing_docs, reason = "it is for the tests")]
#[activity(heartbeat_timeout = "30s")]
pub async fn undocumented() -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

/// Records something, but no heartbeat.
#[derive(Clone, Copy, Debug)]
struct Recorder;

impl Recorder {
    fn record_heartbeat(self) {
        let _ = self;
    }
}

/// Calls other things `context` than its own.
#[activity(heartbeat_timeout = "30s")]
pub async fn records_elsewhere(context: ActivityContext) -> Result<(), ActivityError> {
    drop(context);
    for context in [Recorder, Recorder] {
        context.record_heartbeat();
    }
    if let Some(context) = Some(Recorder) {
        context.record_heartbeat();
    }
    std::future::ready(Ok(())).await
}

#[test]
fn an_activity_of_the_same_name_is_another_one() {
    /// As in a test that stands in for it.
    #[activity(heartbeat_timeout = "30s", definition = self::base)]
    async fn base(_done: u64) -> Result<u64, ActivityError> {
        std::future::ready(Ok(7)).await
    }
    assert_eq!(base.name(), "base");
}

#[test]
fn all_of_them_are_registered() {
    let worker = WorkerOptions::new("anywhere")
        .register_activities(implementation)
        .register_activities(Implements)
        .register_activities(of_any_lifetime)
        .register_activities(instrumented)
        .register_activities(instrumented_last)
        .register_activities(undocumented)
        .register_activities(blocks)
        .register_activities(records_elsewhere)
        .build();
    let registered = format!("{:?}", worker.activities());
    for name in ["\"base\"", "\"of_any_lifetime\"", "\"instrumented\"", "\"undocumented\""] {
        assert!(registered.contains(name), "{name} in {registered}");
    }
    assert_eq!((implementation.name(), Implements::run.name()), ("base", "base"));
}
