//! What is aimed at, and whether what was measured meets it.

use std::time::Duration;

use super::{
    blocked::Blocked, delays::Delays, many::Many, repeats::Repeats, requests::Requests,
    results::Results, stage::Order, variant::Variant,
};

/// What a kill may repeat past an interval, in seconds.
const PAST_AN_INTERVAL: f64 = 0.5;

/// How much more a worker may use than one on the bare SDK.
const PROCESSOR: f64 = 1.3;
const MEMORY: f64 = 4.0;

/// One goal, and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What is aimed at.
    pub aim: String,
    /// What was measured.
    pub measured: String,
    /// By how much it is missed; nothing where it is met.
    pub missed: Option<Missed>,
}

/// A goal that is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// By how much.
    pub by: String,
    /// What is known of the cause.
    pub why: &'static str,
}

/// Every goal of which something was measured.
#[must_use]
pub fn of(results: &Results) -> Vec<Goal> {
    let mut goals = Vec::new();
    if let Some(section) = &results.repeats {
        goals.push(repeats(&section.rows));
    }
    if let Some(section) = &results.delays {
        goals.push(delays(&section.rows));
    }
    if let Some(section) = &results.requests {
        goals.push(requests(&section.rows));
    }
    if let Some(section) = &results.many {
        goals.extend(many(&section.rows));
    }
    if let Some(section) = &results.blocked {
        goals.extend(blocked(&section.rows));
    }
    goals
}

/// How far numbers are above what they may be.
struct Above {
    /// The furthest of them.
    most: f64,
    /// How many are.
    count: usize,
    /// Of how many.
    of: usize,
}

impl Above {
    fn of(numbers: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let none = Self { most: 0.0, count: 0, of: 0 };
        numbers.into_iter().fold(none, |above, (number, limit)| Self {
            most: above.most.max(number - limit),
            count: above.count + usize::from(number > limit),
            of: above.of + 1,
        })
    }

    fn met(&self) -> usize {
        self.of - self.count
    }

    /// `unit` has the sign between it and a number.
    fn by(&self, unit: &str) -> Option<String> {
        match (self.count, self.of) {
            (0, _) => None,
            (_, 1) => Some(format!("{:.2}{unit}", self.most)),
            (count, _) => Some(format!("{:.2}{unit} at most, {count} times", self.most)),
        }
    }
}

impl Missed {
    fn new(by: Option<String>, why: &'static str) -> Option<Self> {
        by.map(|by| Self { by, why })
    }
}

fn interval(variant: Variant, timeout: u64) -> f64 {
    variant.interval(Duration::from_secs(timeout)).as_secs_f64()
}

fn repeats(rows: &[Repeats]) -> Goal {
    let ours = rows.iter().filter(|row| row.variant != Variant::ByHand);
    let numbers = ours.flat_map(|row| {
        let limit = interval(row.variant, row.timeout) + PAST_AN_INTERVAL;
        row.repeated.samples.iter().map(move |repeated| (*repeated, limit))
    });
    let above = Above::of(numbers);
    Goal {
        aim: "a kill repeats at most one interval and 0.5 s of work".to_owned(),
        measured: format!("{} of {} kills", above.met(), above.of),
        missed: Missed::new(
            above.by(" s"),
            "one heartbeat in three takes the SDK's lane, where one that was still on its way dies \
             with the process",
        ),
    }
}

fn delays(rows: &[Delays]) -> Goal {
    let ours = |row: &&Delays| row.variant != Variant::ByHand && row.order == Order::Cancel;
    let numbers = rows.iter().filter(ours).flat_map(|row| {
        let limit = interval(row.variant, row.timeout);
        row.delay.samples.iter().map(move |delay| (*delay, limit))
    });
    let above = Above::of(numbers);
    let untold: usize = rows.iter().filter(ours).map(|row| row.untold).sum();
    let never = (untold > 0).then(|| format!("{untold} never told"));
    let by: Vec<String> = above.by(" s").into_iter().chain(never).collect();
    Goal {
        aim: "a cancellation reaches the body within one interval".to_owned(),
        measured: format!("{} of {} cancellations", above.met(), above.of + untold),
        missed: Missed::new(
            (!by.is_empty()).then(|| by.join(", ")),
            "the workflow's own task and the heartbeat's round trip come on top of the interval",
        ),
    }
}

fn requests(rows: &[Requests]) -> Goal {
    let ours = rows.iter().filter(|row| row.variant != Variant::ByHand);
    // One more or less of the four activities may fall into the window.
    let above = Above::of(
        ours.map(|row| (row.per_minute.median, 60.0 / interval(row.variant, row.timeout) * 1.05)),
    );
    Goal {
        aim: "one request an interval, both lanes together (within 5 %)".to_owned(),
        measured: format!("{} of {} combinations", above.met(), above.of),
        missed: Missed::new(
            above.by(" requests a minute"),
            "an interval above a third of the timeout leaves no time for a beat that may be lost on the \
             SDK's lane, so what keeps that lane alive comes on top",
        ),
    }
}

fn many(rows: &[Many]) -> Vec<Goal> {
    let of = |variant| rows.iter().find(|row| row.variant == variant);
    let (Some(theirs), Some(ours)) = (of(Variant::ByHand), of(Variant::Default)) else {
        return Vec::new();
    };
    let lost: f64 = ours.lost.samples.iter().sum();
    let times = ours.processor.median / theirs.processor.median;
    let more = ours.memory.median - theirs.memory.median;
    vec![
        Goal {
            aim: "of 2,000 at once none times out".to_owned(),
            measured: format!("{lost} in {} runs", ours.lost.count),
            missed: Missed::new(
                (lost > 0.0).then(|| lost.to_string()),
                "it beats each third of the timeout, the SDK each 0.8 of it: more requests than the dev \
                 server answers in time",
            ),
        },
        Goal {
            aim: "their worker takes at most 1.3 times the processor".to_owned(),
            measured: format!("{times:.2} times"),
            missed: Missed::new(
                Above::of([(times, PROCESSOR)]).by(" times"),
                "more requests, as above",
            ),
        },
        Goal {
            aim: "and at most 4 KiB more an activity".to_owned(),
            measured: format!("{more:.1} KiB"),
            missed: Missed::new(
                Above::of([(more, MEMORY)]).by(" KiB"),
                "each attempt has a task of its own that beats, and a request with its buffers",
            ),
        },
    ]
}

fn blocked(rows: &[Blocked]) -> Option<Goal> {
    let ours = rows.iter().find(|row| row.variant != Variant::ByHand)?;
    let lost = ours.count - ours.completed;
    Some(Goal {
        aim: "a body that blocks its thread for three timeouts completes".to_owned(),
        measured: format!("{} of {}", ours.completed, ours.count),
        missed: Missed::new(
            (lost > 0).then(|| lost.to_string()),
            "a blocked thread can be the one that drives the runtime's timers and sockets",
        ),
    })
}
