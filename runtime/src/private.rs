//! What generated code names. Not for people: it changes without notice.

pub use temporalio_client::ActivityStartOptions;
pub use temporalio_common::{
    ActivityDefinition,
    data_converters::{MultiArgs2, MultiArgs3, MultiArgs4, MultiArgs5, MultiArgs6},
};
pub use temporalio_sdk::{
    ActivityOptions,
    activities::{
        ActivityContext, ActivityDefinitions, ActivityError, ActivityImplementer,
        ExecutableActivity,
    },
};

pub use crate::{
    attempt::{ActivityReturn, Takes},
    blocking::{blocking_body, execute_blocking},
    definition::definition_name,
    options::{
        CancellationType, Grace, OnBadCheckpoint, Options, Retry, activity_options,
        activity_start_options,
    },
    registration::{IsRefused, Registers, Registration},
    start::{Handed, NeverStarts, Starts, started, started_without_output},
    types::{
        ActivityInput, ActivityInstance, ActivityOutput, ActivityReturns, ActivityReturnsData,
        ActivityState, DeclaresCloseTimeout, Runs, input, of_methods, output, returned,
        returned_data, state,
    },
    worker::{
        Activity, Body, BoxFuture, Declared, Engine, Handles, NoCheckpoint, NoContext, execute,
        instance,
    },
};

/// The keys of the attributes, as items that editors find.
#[allow(non_upper_case_globals)]
pub mod keys {
    autobeat_macros::keys_for_editors!();
}

/// The keys within `retry(…)`, likewise.
#[allow(non_upper_case_globals)]
pub mod retry_keys {
    autobeat_macros::retry_keys_for_editors!();
}

/// The words that are values of keys, as items that editors find.
#[allow(non_upper_case_globals)]
pub mod words {
    autobeat_macros::words_for_editors!();
}
