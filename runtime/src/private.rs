//! What generated code names. Not for people: it changes without notice.

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
    checkpoint::CheckpointState,
    options::{CancellationType, Grace, OnBadCheckpoint, Options, activity_options},
    worker::{
        Activity, BoxFuture, Context, Handles, NoCheckpoint, NoContext, execute, execute_blocking,
        instance, register, run_blocking, same_contract,
    },
};
