//! What is committed, and what the next attempt starts from.

use super::{Mutation, of};

const ATTEMPT: &str = "attempt.rs";
const SLOT: &str = "checkpoint/slot.rs";
const ANSWERED: &str = "heartbeat/answered.rs";
const BEATS: &str = "heartbeat/beats.rs";
const PULSE: &str = "heartbeat/pulse.rs";
const TRAFFIC: &str = "heartbeat/traffic.rs";
const SERVER: &str = "lease/server.rs";

pub(super) const MUTATIONS: &[Mutation] = &[
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
        "let settled = open.chain(unsettled).chain(handing_over).fold(version, u64::min);",
        "drop(open.chain(unsettled).chain(handing_over));
        let settled = version;",
    ),
    of(
        "a commit is sent at once whatever is on its way",
        TRAFFIC,
        "open.chain(unsettled).chain(handing_over).fold(now, Instant::max)",
        "drop(open.chain(unsettled).chain(handing_over));
        now",
    ),
    of(
        "a report of the SDK never lands late",
        TRAFFIC,
        "        if is_sent {
            self.unsettled.push(Unsettled { version, since: now });
        }",
        "        let _ = (is_sent, now);",
    ),
    of(
        "an abandoned beat never lands late",
        TRAFFIC,
        "self.lose(flight.details.version, now);",
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
        "            None => self.seed.clone(),",
        "            None => Details::default(),",
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
        "if details.version >= self.kept.version {",
        "if false {",
    ),
    of(
        "what is too large is sent again",
        BEATS,
        "Ok(details) if self.is_unfit(details.version) => None,",
        "",
    ),
    of(
        "a failure leaves what was acknowledged last",
        ANSWERED,
        "(newest, pulse.kept())",
        "(newest.filter(|_| false), pulse.kept())",
    ),
    of(
        "a failure leaves what the SDK was given last",
        ATTEMPT,
        "Outcome::Fail { .. } | Outcome::Panic(_) => stopped.leave_newest().await,",
        "Outcome::Fail { .. } | Outcome::Panic(_) => {}",
    ),
    of(
        "an attempt goes on beside a later one",
        SERVER,
        "self.succession.as_ref().is_some_and(Succession::is_over)",
        "self.succession.as_ref().is_some_and(|it| it.is_over() && false)",
    ),
];
