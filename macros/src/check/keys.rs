//! The rules for keys: what they say must be able to hold together.

use std::time::Duration;

use crate::{
    attr::{DEFAULT_INITIAL_INTERVAL, Keys, Written, duration_as_written},
    diagnostics::Diagnostics,
    model::{Function, Parameter, Role},
};

/// The longest interval that is chosen where none is written; the runtime chooses it.
const LONGEST_DEFAULT_INTERVAL: Duration = Duration::from_secs(30);

/// Checks the keys of one activity, those of its block included.
pub(crate) fn check_keys(keys: &Keys, diagnostics: &mut Diagnostics) {
    check_heartbeat_timeout(keys, diagnostics);
    check_name(keys, diagnostics);
    check_values(keys, diagnostics);
}

/// Checks what the keys say, be they all that an activity needs or not.
fn check_values(keys: &Keys, diagnostics: &mut Diagnostics) {
    check_close_timeouts(keys, diagnostics);
    check_order_of_timeouts(keys, diagnostics);
    check_interval(keys, diagnostics);
    check_stall_timeout(keys, diagnostics);
    check_retry(keys, diagnostics);
    check_max_runtime(keys, diagnostics);
}

/// Checks the keys that stand on a block.
pub(crate) fn check_block_keys(keys: &Keys, diagnostics: &mut Diagnostics) {
    for (key, span) in keys.own() {
        diagnostics.at_span(span, format!("`{key}` is one activity's: write it on the method"));
    }
    check_values(keys, diagnostics);
}

/// Checks the keys that stand on a method alone.
pub(crate) fn check_method_keys(keys: &Keys, diagnostics: &mut Diagnostics) {
    for (key, span) in keys.of_block() {
        let message = format!("`{key}` holds for the block: write `#[activities({key} = …)]`");
        diagnostics.at_span(span, message);
    }
}

// Without a heartbeat timeout the server notices a dead worker only when the whole time of the
// attempt is over.
fn check_heartbeat_timeout(keys: &Keys, diagnostics: &mut Diagnostics) {
    if keys.heartbeat_timeout.is_absent() && !keys.are_incomplete {
        diagnostics.at_span(
            keys.place(),
            "an activity needs a heartbeat timeout: write `#[activity(heartbeat_timeout = \"30s\")]`",
        );
    }
}

// A heartbeat timeout that is not below the close timeouts never fires.
fn check_close_timeouts(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(heartbeat) = keys.heartbeat_timeout.written() else { return };
    for (name, close) in [
        ("start_to_close_timeout", &keys.start_to_close_timeout),
        ("schedule_to_close_timeout", &keys.schedule_to_close_timeout),
    ] {
        let Some(close) = close.written().filter(|close| heartbeat.value >= close.value) else {
            continue;
        };
        // What the block says is right for others: it is the method that does not go with it.
        let span = if heartbeat.is_inherited { close.span } else { heartbeat.span };
        let message =
            format!("`heartbeat_timeout` must be below `{name}`, or it can never be noticed");
        diagnostics.at_span(span, message);
    }
}

// The server shortens a timeout that is longer than the one around it, and says nothing.
fn check_order_of_timeouts(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(whole) = keys.schedule_to_close_timeout.value() else { return };
    for (name, part) in [
        ("start_to_close_timeout", &keys.start_to_close_timeout),
        ("schedule_to_start_timeout", &keys.schedule_to_start_timeout),
    ] {
        if let Some(Written { span, .. }) = part.written().filter(|part| part.value > *whole) {
            diagnostics.at_span(
                *span,
                format!("`{name}` is longer than `schedule_to_close_timeout`: the server would shorten it"),
            );
        }
    }
}

// One lost beat must not cost the attempt.
fn check_interval(keys: &Keys, diagnostics: &mut Diagnostics) {
    let (Some(timeout), Some(interval)) =
        (keys.heartbeat_timeout.value(), keys.heartbeat_interval.written())
    else {
        return;
    };
    if interval.value > *timeout / 2 {
        let most = duration_as_written(*timeout / 2);
        diagnostics.at_span(
            interval.span,
            format!(
                "`heartbeat_interval` must be at most half of the `heartbeat_timeout`: \"{most}\""
            ),
        );
    }
}

// Progress is looked at once an interval.
fn check_stall_timeout(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(stall) = keys.stall_timeout.written() else { return };
    let default =
        keys.heartbeat_timeout.value().map(|timeout| (*timeout / 3).min(LONGEST_DEFAULT_INTERVAL));
    let interval = keys.heartbeat_interval.value().copied().or(default);
    if let Some(interval) = interval.filter(|interval| stall.value < *interval) {
        let least = duration_as_written(interval);
        diagnostics.at_span(
            stall.span,
            format!("`stall_timeout` must not be below the heartbeat interval: \"{least}\""),
        );
    }
    for (name, close) in [
        ("start_to_close_timeout", &keys.start_to_close_timeout),
        ("schedule_to_close_timeout", &keys.schedule_to_close_timeout),
    ] {
        if close.value().is_some_and(|close| stall.value >= *close) {
            diagnostics.at_span(
                stall.span,
                format!("`stall_timeout` must be below `{name}`, which ends the attempt first"),
            );
        }
    }
}

// Each hand-over is an attempt of its own, and one that is over takes no next item.
fn check_max_runtime(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(longest) = keys.max_runtime.written() else { return };
    if let Some(attempts) = keys.max_attempts.written() {
        // What the block says is right for others: it is the method that does not go with it.
        let span = if longest.is_inherited { attempts.span } else { longest.span };
        let message = "each hand-over after `max_runtime` is an attempt, so `max_attempts` would end work that \
                       goes well: leave one of the two out";
        diagnostics.at_span(span, message);
    }
    for (name, close) in [
        ("start_to_close_timeout", &keys.start_to_close_timeout),
        ("schedule_to_close_timeout", &keys.schedule_to_close_timeout),
    ] {
        let Some(close) = close.written().filter(|close| longest.value >= close.value) else {
            continue;
        };
        let span = if longest.is_inherited { close.span } else { longest.span };
        let message = format!("`max_runtime` must be below `{name}`, which ends the attempt first");
        diagnostics.at_span(span, message);
    }
}

/// Checks that an activity has its name from another one: a circle by any other way is found where it is
/// registered.
pub(crate) fn check_definition(keys: &Keys, function: &Function, diagnostics: &mut Diagnostics) {
    let Some(definition) = keys.definition.written() else { return };
    if definition.value.is_ident(&function.signature.ident) {
        let message = "an activity's `definition` is another one, whose name it takes: leave `definition` out";
        diagnostics.at_span(definition.span, message);
    }
}

/// Checks that an activity with a `max_runtime` of its own has something to go on from.
pub(crate) fn check_hand_over(
    keys: &Keys,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let has_checkpoint = parameters.iter().any(|it| matches!(it.role, Role::Checkpoint(_)));
    let own = keys.max_runtime.written().filter(|longest| !longest.is_inherited);
    if let Some(longest) = own.filter(|_| !has_checkpoint) {
        let message = "the next attempt goes on from a checkpoint: take a `Checkpoint`, or leave \
                       `max_runtime` out";
        diagnostics.at_span(longest.span, message);
    }
}

// The server takes no policy whose longest interval is below its first.
fn check_retry(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(retry) = keys.retry.written() else { return };
    let first = retry.value.initial_interval.written();
    let initial = first.map_or(DEFAULT_INITIAL_INTERVAL, |first| first.value);
    if let Some(longest) = retry.value.maximum_interval.written()
        && longest.value < initial
        && !retry.value.initial_interval.is_wrong()
    {
        let least = duration_as_written(initial);
        let message = match first {
            Some(_) => {
                format!("`maximum_interval` must not be below `initial_interval`: \"{least}\"")
            }
            None => format!(
                "`maximum_interval` must not be below `initial_interval`, which is \"{least}\" where \
                 it is not written"
            ),
        };
        diagnostics.at_span(longest.span, message);
    }
    check_second_attempt(keys, diagnostics);
}

// A policy for further attempts means nothing where there can be none.
fn check_second_attempt(keys: &Keys, diagnostics: &mut Diagnostics) {
    let Some(retry) = keys.retry.written() else { return };
    let whole = keys.schedule_to_close_timeout.written();
    if let (Some(first), Some(whole)) = (retry.value.initial_interval.written(), whole)
        && first.value >= whole.value
    {
        // What the block says is right for others: it is the method that does not go with it.
        let span = if retry.is_inherited { whole.span } else { first.span };
        let message = "`initial_interval` must be below `schedule_to_close_timeout`, or there is no \
                       second attempt";
        diagnostics.at_span(span, message);
    }
    if keys.max_attempts.value() == Some(&1) && !retry.is_inherited {
        let message = "with `max_attempts = 1` nothing is retried: leave `retry(…)` out";
        diagnostics.at_span(retry.span, message);
    }
}

// A definition has a name already.
fn check_name(keys: &Keys, diagnostics: &mut Diagnostics) {
    if let (Some(name), Some(_)) = (keys.name.written(), keys.definition.written()) {
        diagnostics.at_span(name.span, "`definition` has the name already: leave `name` out");
    }
}
