//! Temporal activities that heartbeat, checkpoint, resume and cancel by themselves.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod cancel;
mod checkpoint;
#[cfg(feature = "embedded")]
pub mod embedded {}
mod heartbeat;
mod lease;
mod options;
mod outcome;
mod worker;

// pub use autobeat_macros::activity;

pub use crate::{
    cancel::{CancelReason, Cancellation, Cancelled},
    checkpoint::{Checkpoint, CheckpointState},
};

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
