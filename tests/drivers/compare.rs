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

/// What came of a comparison.
pub(crate) struct Compared {
    /// Whether everything had to be the same.
    pub(crate) is_certain: bool,
    /// What was seen, or the story of how it differs.
    pub(crate) played: Result<Played, String>,
}

/// Plays a schedule, and compares.
pub(crate) async fn compare(stage: &Stage, expected: Expected, named: Named) -> Compared {
    let is_certain = expected.is_certain();
    let played = tokio::time::timeout(LIMIT, stage.play(&named.schedule)).await;
    let played = match played {
        Ok(Ok(played)) => played,
        Ok(Err(error)) => {
            let played = Err(format!("{}: {error:#}", named.name));
            return Compared { is_certain, played };
        }
        Err(_) => {
            let played = Err(format!("{}: it does not end", named.name));
            return Compared { is_certain, played };
        }
    };
    let differences = expected.differences(&played.sample);
    let sort = match (is_certain, differences.is_empty()) {
        (_, false) => "DIFFERENT".to_owned(),
        (true, true) => "the same".to_owned(),
        (false, true) => format!("one of {}", expected.told()),
    };
    let took = played.history.last().map(|event| event.at).unwrap_or_default();
    eprintln!("{} ({took}): {sort}: {}", named.name, played.sample);
    if differences.is_empty() {
        return Compared { is_certain, played: Ok(played) };
    }
    Compared { is_certain, played: Err(story(&named, &expected, &played, &differences)) }
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
