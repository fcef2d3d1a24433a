//! What an attempt survives.

use super::{Mutation, of};

const ATTEMPT: &str = "attempt.rs";
const BEATS: &str = "heartbeat/beats.rs";
const ENGINE: &str = "heartbeat/engine.rs";
const SERVER: &str = "lease/server.rs";
const PULSE: &str = "heartbeat/pulse.rs";
const TRIES: &str = "heartbeat/tries.rs";
const PRESSURE: &str = "heartbeat/pressure.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
    of(
        "the interval is as long as the timeout",
        ATTEMPT,
        "interval: options.interval(facts.heartbeat_timeout),",
        "interval: options.interval(facts.heartbeat_timeout) * 3,",
    ),
    of(
        "beats that nobody answers are waited for",
        BEATS,
        "delay.min(self.part_of_lease(now).max(least))",
        "delay.max(least).max(self.longest_beat())",
    ),
    of(
        "a slow answer is a lost one",
        BEATS,
        "self.rhythm.timeout.unwrap_or(LONGEST_BEAT)",
        "self.rhythm.interval",
    ),
    of(
        "a refused beat is followed after an interval",
        BEATS,
        "let delay = first.saturating_mul(1 << self.failures.min(16)).min(self.longest_pause());",
        "let delay = first.max(self.rhythm.interval);",
    ),
    of(
        "tries come no closer as a lease ends",
        BEATS,
        "let latest = self.part_of_lease(now).max(self.soon());",
        "let latest = Duration::MAX;",
    ),
    of(
        "tries after the end come no closer as a lease ends",
        TRIES,
        "let pause = self.pause.min(self.part_of_lease(now).max(self.least));",
        "let pause = self.pause;",
    ),
    of(
        "a try after the end is waited for however little is left of the lease",
        TRIES,
        "let length = self.length.min(self.part_of_lease(now).max(self.least));",
        "let length = self.length;",
    ),
    of(
        "a widened interval reaches past the last eighth",
        BEATS,
        "self.next_beat = Some(self.before_the_last_eighth(last + self.interval()));",
        "self.next_beat = Some(last + self.interval());",
    ),
    of(
        "an attempt waits for its peers when it is its turn",
        BEATS,
        "if turn > now && !self.peers().may_try_beside(now) {",
        "if !self.peers().may_try_beside(now) {",
    ),
    of(
        "the SDK's lane is never served",
        SERVER,
        "let timeout = self.timeout?;",
        "let timeout = self.timeout.filter(|timeout| timeout.is_zero())?;",
    ),
    of(
        "the SDK's lane is served within its throttle",
        ENGINE,
        "self.rules.throttle.max(LONGEST_REPORT.min(self.rules.patience / 2)) + MARGIN",
        "MARGIN",
    ),
    of(
        "the SDK's lane is served where an interval is long",
        BEATS,
        "&& leaves_time",
        "&& (leaves_time || timeout > Duration::ZERO)",
    ),
    of(
        "the SDK's lane carries two beats in a row",
        BEATS,
        "&& engine.is_older_than(self.traffic.last_sent())",
        "",
    ),
    of(
        "the SDK's lane carries beats in trouble",
        BEATS,
        "&& self.failures == 0
            && self.traffic.open() == 0",
        "",
    ),
    of(
        "the SDK's lane is served in trouble",
        PULSE,
        "(!self.is_troubled(now)).then_some(())?;",
        "",
    ),
    of(
        "the SDK's lane carries the beat that a commit waits for",
        BEATS,
        "&& self.source.acknowledgements().wanted().is_none()",
        "",
    ),
    of(
        "pressure widens an interval beyond its room",
        PRESSURE,
        "self.by_slowness(answers).max(self.refused).min(room).max(self.rested)",
        "self.by_slowness(answers).max(self.refused).max(room.min(self.rested))",
    ),
    of(
        "lost beats leave an interval widened",
        PRESSURE,
        "filter(|_| !self.is_declared && !self.is_lost)",
        "filter(|_| !self.is_declared)",
    ),
    of(
        "it is asked for an answer when its lease is over",
        PULSE,
        "self.lease_end().map_or(due, |end| due.min(end - question.min(end - now)))",
        "self.lease_end().map_or(due, |end| due.max(end + question))",
    ),
];
