//! The server in the process shows what a real one does.

use autobeat_tests::drivers::{
    fake,
    real::Stage,
    schedules::{Named, drawn, written},
};
use futures_util::{StreamExt, future, stream};

use crate::compare::compare;

/// Of these seeds the first ones are taken whose schedules do not depend on some milliseconds.
const SEEDS: std::ops::Range<u64> = 0..100;
const DRAWN: usize = 12;

/// How many run at once: enough that the time goes by with waiting, and few enough that it does.
const AT_ONCE: usize = 14;

/// How many may differ, and are played once more without the others: a busy machine is sometimes
/// later than what was asked of the server in the process.
const LATE: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_in_the_process_shows_what_a_real_one_does() {
    let Some(stage) = Stage::open().await else { return };
    let stage = &stage;
    let expected = tokio::task::spawn_blocking(|| {
        let with_expected = |named: Named| (fake::expect(&named.schedule), named);
        let drawn = SEEDS.map(drawn).map(with_expected);
        let certain = drawn.filter(|(expected, _)| expected.is_certain()).take(DRAWN);
        written().into_iter().map(with_expected).chain(certain).collect::<Vec<_>>()
    });
    let schedules = expected.await.unwrap();
    let certain = schedules.iter().filter(|(expected, _)| expected.is_certain()).count();
    eprintln!("{} schedules to compare, {certain} of them in everything", schedules.len());
    assert!(certain + 3 >= schedules.len(), "too much depends on some milliseconds");
    let differ: Vec<_> = stream::iter(&schedules)
        .map(|(expected, named)| async move {
            let differs = compare(stage, expected, named).await.err()?;
            Some((expected, named, differs))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(future::ready)
        .collect()
        .await;

    let stories = || differ.iter().map(|(_, _, differs)| &*differs.story).collect::<Vec<_>>();
    let late = differ.iter().all(|(_, _, differs)| differs.may_be_late) && differ.len() <= LATE;
    assert!(late, "{} differ:\n{}", differ.len(), stories().join("\n"));
    for (expected, named, first) in differ {
        eprintln!("{} once more, by itself; before it was\n{}", named.name, first.story);
        if let Err(again) = compare(stage, expected, named).await {
            panic!("it differs also by itself:\n{}", again.story);
        }
    }
}
