//! What is asked of an attempt that was told to stop.

use temporalio_common::data_converters::TemporalSerializable;
use temporalio_sdk::activities::ActivityError;

use crate::{
    cancel::{CancelReason, Cancellation},
    outcome::{End, Outcome, settle},
    testing::{
        perform::Curtain,
        resume::{Whole, times},
        scene::{Output, Played},
    },
};

const DROPPED: &str = "it did not come to its end within its grace, and was dropped (where it waits \
                       with a timeout for threads or sockets of its own, check it `.in_real_time()`)";

/// The rule that the user chose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// How many items may be brought to their end.
    pub(super) under_way: u64,
    /// Whether it is left alone by its attribute, so that it may bring all of them to their end.
    pub(super) is_left_alone: bool,
    /// Whether it may complete with a result of its own.
    pub(super) may_complete: bool,
}

impl Rule {
    /// What is wrong with how it stopped, a line each.
    pub(super) fn judge<T: TemporalSerializable + 'static>(
        self,
        reason: CancelReason,
        undisturbed: &Whole,
        played: &Played<T>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let saves = played.traces.saves_after_told.unwrap_or_default();
        // Where another attempt may start it is dropped at once, whatever it does.
        if played.traces.was_dropped && !reason.leaves_no_grace() {
            wrong.push(DROPPED.to_owned());
        } else if saves > self.under_way + 1 && !self.is_left_alone {
            wrong.push(format!(
                "it went on: it saved {} after it was told to stop (where several items are on their way \
                 at once, say so by `.under_way(…)`)",
                times(saves)
            ));
        }
        match &played.curtain {
            Curtain::Answered(Ok(output)) if !self.may_complete => {
                let found = Output::of(output);
                if let Ok(expected) = &undisturbed.account.result
                    && found != *expected
                {
                    let (found, expected) = (found.text(expected), expected.text(&found));
                    wrong.push(format!(
                        "it completed with {found}, and with {expected} undisturbed"
                    ));
                }
            }
            curtain if is_other_failure(curtain, reason) => {
                wrong.push(format!("it {curtain}, and not because it was cancelled"));
            }
            _ => {}
        }
        wrong
    }
}

/// Whether it stopped because it was told to.
pub(super) fn is_stopped<T>(curtain: &Curtain<T>, reason: CancelReason) -> bool {
    match curtain {
        Curtain::Answered(Err(ActivityError::Cancelled { .. })) => true,
        Curtain::Answered(Err(_)) => !is_other_failure(curtain, reason),
        _ => false,
    }
}

/// Whether it failed in another way than an attempt that passes its cancellation on.
fn is_other_failure<T>(curtain: &Curtain<T>, reason: CancelReason) -> bool {
    let Curtain::Answered(Err(ActivityError::Application(failure))) = curtain else { return false };
    let cancellation = Cancellation::new();
    cancellation.cancel(reason);
    match settle::<()>(End::Dropped, &cancellation, true) {
        Outcome::Fail { error: ActivityError::Application(expected) } => {
            expected.type_name() != failure.type_name()
        }
        _ => true,
    }
}
