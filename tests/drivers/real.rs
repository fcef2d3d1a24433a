//! The server in the process shows what a real one does.

use std::{fmt::Write, time::Duration};

use autobeat_tests::{
    drivers::{
        Expected, fake,
        real::{Played, Stage},
        schedules::{Named, drawn, written},
    },
    schedules::{run::Ran, story::tell},
};
use futures_util::{StreamExt, stream};

/// Seeds whose schedules are over within some seconds.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

/// How many run at once: enough that the time goes by with waiting, and few enough that it does.
const AT_ONCE: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_in_the_process_shows_what_a_real_one_does() {
    let Some(stage) = Stage::open().await else { return };
    let mut schedules = written();
    schedules.extend(SEEDS.map(drawn));
    let expected = tokio::task::spawn_blocking(|| {
        schedules.into_iter().map(|named| (fake::expect(&named.schedule), named)).collect::<Vec<_>>()
    });
    let compared = stream::iter(expected.await.unwrap())
        .map(|(expected, named)| compare(&stage, expected, named))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;

    let certain = compared.iter().filter(|compared| compared.is_certain).count();
    eprintln!("{} schedules compared, {certain} of them in everything", compared.len());
    let broken: Vec<_> = compared.into_iter().filter_map(|compared| compared.story).collect();
    assert!(broken.is_empty(), "{} differ:\n{}", broken.len(), broken.join("\n"));
}

struct Compared {
    is_certain: bool,
    /// Where they differ.
    story: Option<String>,
}

async fn compare(stage: &Stage, expected: Expected, named: Named) -> Compared {
    let is_certain = expected.is_certain();
    let played = tokio::time::timeout(Duration::from_secs(50), stage.play(&named.schedule)).await;
    let played = match played {
        Ok(Ok(played)) => played,
        Ok(Err(error)) => return failed(&named, is_certain, &format!("{error:#}")),
        Err(_) => return failed(&named, is_certain, "it does not end"),
    };
    let differences = expected.differences(&played.sample);
    let sort =
        if is_certain { "the same".to_owned() } else { format!("one of {}", expected.told()) };
    let verdict = if differences.is_empty() { &sort } else { "DIFFERENT" };
    eprintln!("{}: {verdict}: {}", named.name, played.sample);
    let story = (!differences.is_empty()).then(|| story(&named, &expected, &played, &differences));
    Compared { is_certain, story }
}

fn failed(named: &Named, is_certain: bool, how: &str) -> Compared {
    Compared { is_certain, story: Some(format!("{}: {how}", named.name)) }
}

fn story(named: &Named, expected: &Expected, played: &Played, differences: &[String]) -> String {
    let mut story = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(story, "== {}: {}", named.name, differences.join(", "));
    let _ = writeln!(story, "expected {}\nbut saw  {}", expected.told(), played.sample);
    let ran = Ran {
        history: played.history.clone(),
        closed: None,
        has_shut_down: true,
        parks: played.parks.unwrap_or_default(),
        left_in_memory: (0, 0),
        took: Duration::ZERO,
    };
    story + &tell(&named.schedule, &ran)
}
