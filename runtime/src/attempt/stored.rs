//! What is said of the details that an attempt found stored.

use std::any::type_name;

use temporalio_common::{
    data_converters::PayloadConversionError, error::ApplicationFailure,
    protos::temporal::api::common::v1::Payload,
};
use temporalio_sdk::activities::ActivityError;

use super::Facts;
use crate::{
    events::say,
    options::{OnBadCheckpoint, Options},
};

/// The type of the failure where the stored details are not a checkpoint of the declared type.
pub(crate) const BAD_CHECKPOINT: &str = "BadCheckpoint";

/// Where an attempt goes on; what the checkpoint contains is said to those who debug alone.
pub(super) fn say_resumed(facts: &Facts) {
    let Some(checkpoint) = facts.details.first() else { return };
    say!(
        info,
        activity_type = facts.activity_type,
        attempt = facts.number,
        bytes = checkpoint.data.len(),
        "resumed",
    );
    say!(debug, checkpoint = excerpt(checkpoint), "resumed from");
}

/// What was found is not quoted, nor is what the converter says of it: a failure is stored and shown
/// in plain text, past a codec that encrypts.
///
/// Nothing was sent, so the details stay as they are: the deployment that saved them goes on there.
pub(super) fn bad_checkpoint<S>(
    options: Options,
    facts: &Facts,
    error: &PayloadConversionError,
) -> ActivityError {
    let found = facts.details.first();
    say!(
        debug,
        attempt = facts.number,
        %error,
        found = found.map(excerpt),
        "the stored details",
    );
    let message = format!(
        "what attempt {} found stored, {} bytes, is not a checkpoint of type `{}`; it is kept, and a \
         worker that can read it goes on there; the log of this one says more at debug level (set \
         `on_bad_checkpoint = \"restart\"` to start afresh)",
        facts.number,
        found.map_or(0, |payload| payload.data.len()),
        type_name::<S>(),
    );
    let failure = ApplicationFailure::builder(message)
        .type_name(BAD_CHECKPOINT.to_owned())
        .non_retryable(options.bad_checkpoint() == OnBadCheckpoint::Fail)
        .build();
    ActivityError::application(failure)
}

/// The beginning of a payload, for a message.
pub(crate) fn excerpt(payload: &Payload) -> String {
    const LENGTH: usize = 80;
    let text = String::from_utf8_lossy(&payload.data);
    let mut excerpt: String = text.chars().take(LENGTH).collect();
    if text.chars().nth(LENGTH).is_some() {
        excerpt.push('…');
    }
    excerpt
}
