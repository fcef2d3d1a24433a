//! How an attempt begins and ends, on whatever way.

use super::{Measured, TaskQueue};
use crate::cancel::CancelReason;

/// Counts how an attempt ends; dropped, it says how far it came.
pub(crate) struct Attempt {
    measured: Measured,
    so_far: SoFar,
}

enum SoFar {
    Loading,
    Running,
    Ended,
}

impl Attempt {
    /// An attempt begins.
    pub(crate) fn begin(activity_type: &str, task_queue: Option<TaskQueue<'_>>) -> Self {
        Self { measured: Measured::new(activity_type, task_queue), so_far: SoFar::Loading }
    }

    /// What the last attempt left is loaded, if there was something.
    pub(crate) fn loaded(&mut self, is_resumed: bool) {
        self.so_far = SoFar::Running;
        if is_resumed {
            self.measured.resumed();
        }
    }

    /// Where its heartbeat is measured.
    pub(crate) fn measured(&self) -> Measured {
        self.measured.clone()
    }

    /// It ended like this, and was told to stop for this reason before, if for any.
    pub(crate) fn ended(&mut self, outcome: &'static str, reason: Option<CancelReason>) {
        self.so_far = SoFar::Ended;
        let reason = reason.map_or_else(|| "none".to_owned(), snake_case);
        self.measured.ended(outcome, reason);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        match self.so_far {
            SoFar::Loading => self.measured.ended("failed", "bad_checkpoint".to_owned()),
            SoFar::Running => self.measured.ended("dropped", "none".to_owned()),
            SoFar::Ended => {}
        }
    }
}

/// The name of a reason, as labels are written.
fn snake_case(reason: CancelReason) -> String {
    let mut label = String::new();
    for letter in format!("{reason:?}").chars() {
        if letter.is_uppercase() && !label.is_empty() {
            label.push('_');
        }
        label.extend(letter.to_lowercase());
    }
    label
}
