//! Looks for a seed whose schedule breaks a rule, and tells the simplest story of it.

use std::{collections::BTreeMap, fmt::Write, panic};

use super::{
    generate::Drawn,
    judge::{Verdict, Violation, judge},
    run::{Ran, run},
    schedule::Schedule,
    story::tell,
};

/// How often a schedule is made simpler at most: each step runs it.
const STEPS: u32 = 400;

/// How often a simpler schedule is tried: what the SDK draws by itself differs between runs.
const TRIES: u32 = 2;

/// What came of the schedule of one seed.
#[derive(Debug)]
pub struct Outcome {
    /// Which one.
    pub seed: u64,
    /// The story of what was broken, where something was.
    pub failure: Option<Failure>,
    /// How often each rare state was there.
    pub states: BTreeMap<&'static str, u64>,
}

/// A broken rule, and its story.
#[derive(Debug)]
pub struct Failure {
    /// Which rule.
    pub rule: &'static str,
    /// What was scheduled, sent and held, and what was broken.
    pub story: String,
}

/// Lets this process have as many files open as it may: a worker that crashes with an attempt leaves
/// its runtime's own, since the SDK frees no attempt that was not answered.
pub fn allow_many_crashes() {
    // Where it is not allowed, fewer schedules can be run in one process, and it says so then.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}

/// Runs the schedule of a seed, and judges it; shrinks it where something was broken.
#[must_use]
pub fn try_seed(seed: u64, shrinks: bool) -> Outcome {
    let mut drawn = Drawn::of(seed);
    let (states, failure) = attempt(&drawn.schedule());
    let Some(mut failure) = failure else { return Outcome { seed, failure: None, states } };
    if shrinks {
        shrink(&mut drawn, &mut failure);
    }
    Outcome { seed, failure: Some(failure), states }
}

/// Runs a schedule, and judges it.
///
/// # Panics
///
/// Where it breaks a rule: with the story of it.
#[allow(clippy::must_use_candidate, reason = "it is called for its panic")]
pub fn check(schedule: &Schedule) -> Ran {
    let ran = run(schedule);
    let Verdict { violations, .. } = judge(schedule, &ran);
    assert!(violations.is_empty(), "{}", story(schedule, &ran, &violations));
    ran
}

type Attempted = (BTreeMap<&'static str, u64>, Option<Failure>);

fn attempt(schedule: &Schedule) -> Attempted {
    let ran = match panic::catch_unwind(panic::AssertUnwindSafe(|| run(schedule))) {
        Ok(ran) => ran,
        Err(payload) => {
            let said = payload.downcast_ref::<String>().cloned();
            let said = said.or_else(|| payload.downcast_ref::<&str>().map(|&said| said.to_owned()));
            let story = format!("{schedule:#?}\nthe world panicked: {}", said.unwrap_or_default());
            return (BTreeMap::new(), Some(Failure { rule: "nothing panics", story }));
        }
    };
    let Verdict { violations, seen: states } = judge(schedule, &ran);
    let failure = violations
        .first()
        .map(|first| Failure { rule: first.rule, story: story(schedule, &ran, &violations) });
    (states, failure)
}

fn story(schedule: &Schedule, ran: &Ran, violations: &[Violation]) -> String {
    let mut story = tell(schedule, ran);
    for violation in violations {
        // Writing to a string cannot fail.
        let _ = writeln!(story, "BROKEN: {violation}");
    }
    story
}

/// Keeps making it simpler for as long as the same rule is broken.
fn shrink(drawn: &mut Drawn, failure: &mut Failure) {
    let mut goes_on = drawn.simplify();
    for _ in 0..STEPS {
        if !goes_on {
            return;
        }
        let again = (0..TRIES)
            .filter_map(|_| attempt(&drawn.schedule()).1)
            .find(|simpler| simpler.rule == failure.rule);
        goes_on = match again {
            Some(simpler) => {
                *failure = simpler;
                drawn.simplify()
            }
            None => drawn.complicate(),
        };
    }
}
