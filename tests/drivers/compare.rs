//! Plays a schedule on the real server, and compares what it shows with what is expected.

use std::{fmt::Write, time::Duration};

use autobeat_tests::{
    drivers::{
        Expected,
        real::{Played, Stage},
        schedules::Named,
    },
    schedules::{run::Ran, story::tell},
};

/// Longer than any of the schedules.
const LIMIT: Duration = Duration::from_secs(50);

/// For how long a machine stands still that runs the tests: more is more than the schedules bear.
const HITCH: Duration = Duration::from_millis(200);

/// How often a schedule is played again for that.
const HITCHES: u32 = 2;

const NONE: Duration = Duration::ZERO;

/// How a schedule differs.
#[derive(Debug)]
pub(crate) struct Differs {
    /// What was expected, and what was seen.
    pub(crate) story: String,
    /// Whether a machine that is late could have done it: never a promise that is broken.
    pub(crate) may_be_late: bool,
    /// For how long the machine stood still, where that could have done it.
    pub(crate) hitch: Duration,
}

/// Plays a schedule, and compares; once more where the machine stood still meanwhile.
pub(crate) async fn compare(
    stage: &Stage,
    expected: &Expected,
    named: &Named,
) -> Result<Played, Differs> {
    for _ in 0..HITCHES {
        match compare_once(stage, expected, named).await {
            Err(differs) if differs.hitch > HITCH => {
                eprintln!("{}: once more, after {:?} without a machine", named.name, differs.hitch);
            }
            result => return result,
        }
    }
    compare_once(stage, expected, named).await
}

async fn compare_once(
    stage: &Stage,
    expected: &Expected,
    named: &Named,
) -> Result<Played, Differs> {
    let played = match tokio::time::timeout(LIMIT, stage.play(&named.schedule)).await {
        Ok(Ok(played)) => played,
        Ok(Err(error)) => {
            let story = format!("{}: {error:#}", named.name);
            return Err(Differs { story, may_be_late: false, hitch: NONE });
        }
        Err(_) => {
            let story = format!("{}: it does not end", named.name);
            return Err(Differs { story, may_be_late: false, hitch: NONE });
        }
    };
    let differences = expected.differences(&played.sample);
    let sort = match (expected.is_certain(), differences.is_empty()) {
        (_, false) => "DIFFERENT".to_owned(),
        (true, true) => "the same".to_owned(),
        (false, true) => format!("one of {}", expected.told()),
    };
    let took = played.history.last().map(|event| event.at).unwrap_or_default();
    eprintln!("{} ({took}): {sort}: {}", named.name, played.sample);
    if differences.is_empty() {
        return Ok(played);
    }
    let may_be_late = !played.sample.overlaps && !played.sample.forgets;
    let story = story(named, expected, &played, &differences);
    Err(Differs { story, may_be_late, hitch: if may_be_late { played.hitch } else { NONE } })
}

/// A schedule on the real server, told.
pub(crate) fn tell_played(named: &Named, played: &Played) -> String {
    let ran = Ran {
        history: played.history.clone(),
        closed: None,
        has_shut_down: true,
        parks: played.parks.unwrap_or_default(),
        left_in_memory: (0, 0),
        took: Duration::ZERO,
    };
    tell(&named.schedule, &ran)
}

fn story(named: &Named, expected: &Expected, played: &Played, differences: &[String]) -> String {
    let mut story = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(story, "== {}: {}", named.name, differences.join(", "));
    let _ = writeln!(story, "expected {}\nbut saw  {}", expected.told(), played.sample);
    story + &tell_played(named, played)
}
