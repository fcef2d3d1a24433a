//! A history as people read it: what was scheduled, what was sent, what the server held.

use std::{collections::HashMap, fmt, fmt::Write};

use super::{run::Ran, schedule::Schedule};
use crate::inprocess::{
    activity::Flags,
    history::{Answer, CallId, Called, Event, Lane, Rpc, Said, What},
    network::Loss,
};

/// Tells a schedule and what came of it.
#[must_use]
pub fn tell(schedule: &Schedule, ran: &Ran) -> String {
    let mut story = String::new();
    // Writing to a string cannot fail.
    let _ = tell_schedule(&mut story, schedule);
    let mut calls = HashMap::new();
    for event in &ran.history {
        if let Some(line) = line(event, &mut calls) {
            let held = event.held.map_or_else(|| "-".to_owned(), |held| held.to_string());
            let _ = writeln!(story, "{:>12}  holds {held:>4}  {line}", event.at.to_string());
        }
    }
    let _ = writeln!(story, "in the end: {:?} after {:?}", ran.closed, ran.took);
    story
}

fn tell_schedule(story: &mut String, schedule: &Schedule) -> fmt::Result {
    let Schedule { variant, timeouts, retry, reset, skew, latency, grace, .. } = schedule;
    writeln!(story, "`{}`, beating every {:?}; {timeouts:?}", variant.name, schedule.interval())?;
    writeln!(story, "{variant:?}")?;
    writeln!(story, "{retry:?}; reset: {reset:?}; the worker's clock: {skew:?}")?;
    writeln!(story, "latency {latency:?} each way; shutdown grace {grace:?}")?;
    for (number, plan) in schedule.plans.iter().enumerate() {
        writeln!(
            story,
            "start {}: {:?}, when told: {:?}",
            number + 1,
            plan.actions,
            plan.when_told
        )?;
    }
    for (at, command) in &schedule.commands {
        writeln!(story, "at {at}: {command:?}")?;
    }
    for outage in &schedule.outages {
        let loss = loss(outage.loss);
        writeln!(story, "from {} to {}: {:?} {loss}", outage.from, outage.to, outage.hits)?;
    }
    for (lane, place, fate) in &schedule.spots {
        writeln!(story, "call {place} on lane {lane:?}: {fate:?}")?;
    }
    Ok(())
}

fn loss(loss: Loss) -> &'static str {
    match loss {
        Loss::Nothing => "",
        Loss::Refused => "refused",
        Loss::Exhausted => "refused for load",
        Loss::Swallowed => "swallowed",
        Loss::AnswerLost => "its answer will be lost",
    }
}

fn line(event: &Event, calls: &mut HashMap<CallId, String>) -> Option<String> {
    Some(match &event.what {
        What::Called(called) => {
            let short = short(called);
            let loss = loss(called.fate.loss);
            // Most polls say nothing: only where something happens to one, or an attempt is found.
            let tells = called.rpc != Rpc::Poll || !loss.is_empty();
            let line = format!("{short} is sent {loss}");
            calls.insert(called.call, short);
            return tells.then_some(line);
        }
        What::Took { answer: Answer::Task(None), .. }
        | What::Answered { answer: Answer::Task(None), .. }
        | What::Body(_, Said::Polled) => return None,
        What::Took { call, answer, change } => {
            let change = change.map(|change| format!(" => {change:?}")).unwrap_or_default();
            format!("  {} takes effect: {}{change}", calls.get(call)?, told(*answer))
        }
        What::Answered { call, answer } => {
            format!("    {} is answered: {}", calls.get(call)?, told(*answer))
        }
        What::Abandoned(call) => format!("    {} is given up by its caller", calls.get(call)?),
        What::Started { token, number } => {
            format!("the server starts {} (attempt {number})", token.0)
        }
        What::TimedOut(timeout, change) => format!("{timeout:?} is over => {change:?}"),
        What::Ordered(order, change) => {
            let change = change.map(|change| format!(" => {change:?}")).unwrap_or_default();
            format!("order: {order:?}{change}")
        }
        What::Worker(step) => format!("the worker: {step:?}"),
        What::Body(token, said) => format!("      body of {}: {said:?}", token.0),
    })
}

fn told(answer: Answer) -> String {
    let Answer::Recorded(flags) = answer else { return format!("{answer:?}") };
    let Flags { cancel_requested, paused, reset } = flags;
    let set = [(cancel_requested, "cancel requested"), (paused, "paused"), (reset, "reset")];
    let set: Vec<_> = set.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    if set.is_empty() { "recorded".to_owned() } else { format!("recorded: {}", set.join(", ")) }
}

fn short(called: &Called) -> String {
    let lane = match called.lane {
        Lane::Ours => "ours",
        Lane::Sdk => "SDK",
    };
    let attempt = called.token.map(|token| format!(" of {}", token.0)).unwrap_or_default();
    let value = called.value.map(|value| format!(" with {value}")).unwrap_or_default();
    let failure = called.failure.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("[{}] {:?}{attempt}{value}{failure} ({lane})", called.call.0, called.rpc)
}
