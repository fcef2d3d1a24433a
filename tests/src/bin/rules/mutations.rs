//! The mutations, as data: each takes one rule out of the product, or turns it around.

/// The change of one place in the product's sources.
pub(crate) struct Mutation {
    /// What is no longer so, in a few words.
    pub(crate) name: &'static str,
    /// The file, from `runtime/src`.
    pub(crate) file: &'static str,
    /// What stands there, once.
    pub(crate) old: &'static str,
    /// What stands there instead.
    pub(crate) new: &'static str,
}

const fn of(
    name: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
) -> Mutation {
    Mutation { name, file, old, new }
}

const ATTEMPT: &str = "attempt.rs";
const CANCEL: &str = "cancel.rs";
const OUTCOME: &str = "outcome.rs";
const SLOT: &str = "checkpoint/mod.rs";
const STOPPED: &str = "heartbeat.rs";
const ANSWERED: &str = "heartbeat/answered.rs";
const BEATS: &str = "heartbeat/beats.rs";
const CANCELLING: &str = "heartbeat/cancelling.rs";
const ENGINE: &str = "heartbeat/engine.rs";
const PROGRESS: &str = "heartbeat/progress.rs";
const PULSE: &str = "heartbeat/pulse.rs";
const TRAFFIC: &str = "heartbeat/traffic.rs";
const TRIES: &str = "heartbeat/tries.rs";
const SERVER: &str = "lease/server.rs";

/// Every one, by what it is about.
pub(crate) const MUTATIONS: &[Mutation] = &[
    // What is committed, and what the next attempt starts from.
    of(
        "a commit returns when it is sent",
        BEATS,
        "let number = self.traffic.send(details.clone(), now, abort);",
        "let number = self.traffic.send(details.clone(), now, abort);
        self.source.acknowledgements().acknowledge(details.version);",
    ),
    of(
        "a beat settles its own version whatever is on its way",
        TRAFFIC,
        "let settled = open.chain(unsettled).fold(version, u64::min);",
        "drop(open.chain(unsettled));
        let settled = version;",
    ),
    of(
        "a commit is sent at once whatever is on its way",
        TRAFFIC,
        "open.chain(unsettled).fold(now, Instant::max)",
        "drop(open.chain(unsettled));
        now",
    ),
    of(
        "a report of the SDK never lands late",
        TRAFFIC,
        "self.unsettled.push(Unsettled { version, since: now });",
        "let _ = (version, now);",
    ),
    of(
        "an abandoned beat never lands late",
        TRAFFIC,
        "self.unsettled.push(Unsettled { version: abandoned.details.version, since: now });",
        "let _ = now;",
    ),
    of(
        "the settling time is one round trip",
        TRAFFIC,
        "const SETTLING_ROUND_TRIPS: u32 = 4;",
        "const SETTLING_ROUND_TRIPS: u32 = 1;",
    ),
    of(
        "the settling time has no floor",
        TRAFFIC,
        "const LEAST_SETTLING: Duration = Duration::from_millis(100);",
        "const LEAST_SETTLING: Duration = Duration::from_millis(1);",
    ),
    of(
        "what the last attempt left is not loaded",
        ATTEMPT,
        "Ok(Slot::new(value, details))",
        "Ok(Slot::new(None, details))",
    ),
    of(
        "a beat before the first save has no details",
        SLOT,
        "return Ok(self.seed.clone());",
        "return Ok(Details::default());",
    ),
    of(
        "what the last attempt left is not kept",
        PULSE,
        "kept: source.seed(),",
        "kept: Details::default(),",
    ),
    of(
        "what was acknowledged last is not kept",
        BEATS,
        "self.kept = flight.details;",
        "drop(flight.details);",
    ),
    of(
        "what is too large is sent again",
        BEATS,
        "Ok(details) if self.unfit == Some(details.version) => None,",
        "",
    ),
    of(
        "a failure leaves what was acknowledged last",
        STOPPED,
        "(pulse.fit(newest), pulse.kept())",
        "(pulse.fit(newest).filter(|_| false), pulse.kept())",
    ),
    of(
        "a failure leaves what the SDK was given last",
        ATTEMPT,
        "Outcome::Fail { .. } | Outcome::Panic(_) => stopped.leave_newest().await,",
        "Outcome::Fail { .. } | Outcome::Panic(_) => {}",
    ),
    of(
        "an attempt goes on beside one of the same number",
        SERVER,
        "if self.connected().succession.is_over() {
                return Ok(",
        "if false {
                return Ok(",
    ),
    // The lease.
    of(
        "the lease counts from the answer",
        BEATS,
        "self.renewed = self.renewed.max(flight.sent);",
        "self.renewed = now;",
    ),
    of(
        "the first lease counts from when the worker knew",
        PULSE,
        "renewed: rhythm.started,",
        "renewed: now,",
    ),
    of(
        "no look at the clock before a poll",
        ATTEMPT,
        "if cancellation.is_over_by_clock() {",
        "if false {",
    ),
    of(
        "nobody is told that the lease is over",
        PULSE,
        "is_past(self.lease_end()).then_some(CancelReason::LeaseLost)",
        "None",
    ),
    of(
        "nobody is told that the deadline is over",
        PULSE,
        "let over = if is_past(self.rhythm.deadline) {",
        "let over = if false {",
    ),
    of(
        "the deadline ends no lease",
        PULSE,
        "[self.lease_end(), self.rhythm.deadline].into_iter().flatten().min()",
        "self.lease_end()",
    ),
    of("the grace is never over", PULSE, "if is_past(self.grace_end) {", "if false {"),
    of(
        "a lost lease leaves a grace",
        CANCEL,
        "matches!(self, Self::LeaseLost | Self::DeadlineExceeded)",
        "false",
    ),
    // What an attempt survives.
    of(
        "the interval is as long as the timeout",
        ATTEMPT,
        "interval: options.interval(facts.heartbeat_timeout),",
        "interval: options.interval(facts.heartbeat_timeout) * 3,",
    ),
    of(
        "beats that nobody answers are waited for",
        BEATS,
        ".min(self.longest_pause()).max(first.min(interval))",
        ".max(self.longest_beat())",
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
        "the SDK's lane is never served by itself",
        ENGINE,
        "(!self.gave_up).then_some(latest)",
        "None.filter(|_: &Instant| latest > self.began)",
    ),
    of(
        "the SDK's lane is never served",
        ENGINE,
        "fn preferred(&self) -> Instant {
        self.since()",
        "fn preferred(&self) -> Instant {
        self.since() + Duration::from_hours(1)",
    ),
    of(
        "the SDK's lane is served within its throttle",
        ENGINE,
        "self.rules.throttle.max(LONGEST_LIFE.min(self.rules.patience / 2)) + MARGIN",
        "MARGIN",
    ),
    of(
        "the SDK's lane is served where an interval is long",
        BEATS,
        "&& interval <= timeout / 3",
        "&& timeout > Duration::ZERO",
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
    // How it is answered, and that it is left alone.
    of(
        "an answer that the SDK lost is not said again",
        SERVER,
        "fn can_say(&self) -> bool {
        true",
        "fn can_say(&self) -> bool {
        false",
    ),
    of(
        "an answer that the server has is said again",
        ANSWERED,
        "Some(Reply::Stop(CancelReason::NotFound)) => return false,",
        "Some(Reply::Stop(CancelReason::NotFound)) => return true,",
    ),
    of(
        "another answer is said than the SDK was given",
        ATTEMPT,
        "catch_unwind(encode).ok()?.ok().map(Answer::Completed)",
        "catch_unwind(encode).ok()?.ok().map(|_| Answer::Cancelled)",
    ),
    of(
        "a cancellation in a shutdown is left to the SDK",
        STOPPED,
        "matches!(answer, Answer::Cancelled) && self.lock().shuts_down",
        "matches!(answer, Answer::Cancelled) && false",
    ),
    of(
        "it is tried for ever",
        TRIES,
        "(self.end > now).then(|| self.end.min(now + self.length))",
        "Some(now + self.length)",
    ),
    of(
        "beats go on though the server knows the attempt no more",
        BEATS,
        "            self.next_beat = None;
            self.last_call = None;
            return;",
        "            return;",
    ),
    of(
        "a pause is answered as cancelled",
        OUTCOME,
        "CancelReason::Requested => return Outcome::Cancelled(ActivityError::cancelled()),
        CancelReason::Paused =>",
        "CancelReason::Requested | CancelReason::Paused => {
            return Outcome::Cancelled(ActivityError::cancelled());
        }
        #[allow(unreachable_patterns)]
        CancelReason::Paused =>",
    ),
    of(
        "a cancellation wins over a body that is done",
        OUTCOME,
        "(End::Completed(value), _) => Outcome::Complete(value),",
        "(End::Completed(_), Some(reason)) => by_reason(reason, cancellation.message()),
        (End::Completed(value), None) => Outcome::Complete(value),",
    ),
    // Why it is told to stop.
    of(
        "nobody asks why",
        CANCELLING,
        "let asks = self.lease.takes_heartbeats();",
        "let asks = false;",
    ),
    of(
        "a give-up of the SDK is taken for a shutdown",
        ENGINE,
        "silent >= least && silent <= self.rules.patience + most",
        "silent >= least && silent < Duration::ZERO.min(most)",
    ),
    of(
        "a shutdown is taken for a give-up of the SDK",
        ENGINE,
        "silent >= least && silent <= self.rules.patience + most",
        "silent + least + most > Duration::ZERO",
    ),
    of(
        "a request to cancel does not win over a pause",
        CANCEL,
        "matches!(self, Self::Paused | Self::Reset | Self::WorkerShutdown | Self::Stalled)",
        "false",
    ),
    of(
        "a pause is taken for a request to cancel",
        SERVER,
        "Reply::Stop(CancelReason::Paused)",
        "Reply::Stop(CancelReason::Requested)",
    ),
    of("progress is not seen", PROGRESS, "let moved = count != self.count;", "let moved = false;"),
    // What it costs.
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
        STOPPED,
        "            pulse.stop();
            pulse.has_sent()
        };
        self.task.abort();",
        "            pulse.has_sent();
            false
        };",
    ),
    of(
        "what shows the progress is kept after its attempt",
        SLOT,
        "let shown = showing.shown.take();",
        "let shown = showing.shown.clone();",
    ),
];
