//! What is said through `tracing`.
//!
//! Whoever listens is users' code, and may panic: as one that writes to a standard error which nobody
//! reads any more. What is said must end neither a heartbeat nor an attempt, and keep no answer back.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Says something at a level, to whoever listens.
macro_rules! say {
    ($level:ident, $($said:tt)*) => {
        $crate::events::guarded(|| ::tracing::$level!(target: "autobeat", $($said)*))
    };
}

pub(crate) use say;

/// Runs what tells it, as far as it comes.
pub(crate) fn guarded(tell: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(tell));
}
