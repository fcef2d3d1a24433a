//! What it costs.

use super::{Mutation, of};

const ATTEMPT: &str = "attempt.rs";
const SHOWING: &str = "checkpoint/showing.rs";
const HEARTBEAT: &str = "heartbeat.rs";
const BEATS: &str = "heartbeat/beats.rs";
const PULSE: &str = "heartbeat/pulse.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
    of(
        "the interval is half as long",
        ATTEMPT,
        "interval: options.interval(facts.heartbeat_timeout),",
        "interval: options.interval(facts.heartbeat_timeout) / 2,",
    ),
    of(
        "a refused beat is followed at once",
        BEATS,
        "let delay = first.saturating_mul(1 << self.failures.min(16)).min(self.longest_pause());",
        "let delay = first.min(Duration::from_millis(1));",
    ),
    of(
        "the task looks at its clocks all the time",
        PULSE,
        "(!self.stopped).then(|| moments.into_iter().flatten().min().unwrap_or(far))",
        "let soon = now + Duration::from_millis(1);
        (!self.stopped).then(|| moments.into_iter().flatten().min().unwrap_or(far).min(soon))",
    ),
    of(
        "a moment stays in the past",
        BEATS,
        "self.last_call = self.last_call.filter(|moment| *moment > now);",
        "",
    ),
    of(
        "the heartbeat goes on after its attempt",
        HEARTBEAT,
        "            pulse.stop();
            let now = Instant::now();
            let is_busy = pulse.has_sent() || pulse.cancellation.is_told();
            (is_busy, pulse.limit(now).max(now + LONGEST_FIRST_SAY))
        };
        self.task.abort();",
        "            (false, Instant::now())
        };",
    ),
    of(
        "what shows the progress is kept after its attempt",
        SHOWING,
        "let shown = current.shown.take();",
        "let shown = current.shown.clone();",
    ),
];
