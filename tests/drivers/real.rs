//! The server in the process shows what a real one does.

use autobeat_tests::drivers::{
    fake,
    real::Stage,
    schedules::{Named, drawn, written},
};
use futures_util::{StreamExt, stream};

use crate::compare::compare;

/// Of these seeds the first ones are taken whose schedules do not depend on some milliseconds.
const SEEDS: std::ops::Range<u64> = 0..100;
const DRAWN: usize = 12;

/// How many run at once: enough that the time goes by with waiting, and few enough that it does.
const AT_ONCE: usize = 14;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_in_the_process_shows_what_a_real_one_does() {
    let Some(stage) = Stage::open().await else { return };
    let expected = tokio::task::spawn_blocking(|| {
        let with_expected = |named: Named| (fake::expect(&named.schedule), named);
        let drawn = SEEDS.map(drawn).map(with_expected);
        let certain = drawn.filter(|(expected, _)| expected.is_certain()).take(DRAWN);
        written().into_iter().map(with_expected).chain(certain).collect::<Vec<_>>()
    });
    let compared = stream::iter(expected.await.unwrap())
        .map(|(expected, named)| compare(&stage, expected, named))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;

    let certain = compared.iter().filter(|compared| compared.is_certain).count();
    eprintln!("{} schedules compared, {certain} of them in everything", compared.len());
    assert!(certain + 3 >= compared.len(), "too much depends on some milliseconds");
    let broken: Vec<_> =
        compared.into_iter().filter_map(|compared| compared.played.err()).collect();
    assert!(broken.is_empty(), "{} differ:\n{}", broken.len(), broken.join("\n"));
}
