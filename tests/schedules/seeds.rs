//! A few hundred of fresh seeds: each run looks at others.

use std::time::SystemTime;

use autobeat_tests::schedules::search::try_seed;

const COUNT: u64 = 300;

#[test]
fn fresh_seeds_break_no_rule() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let first = now.as_secs() * 1_000;
    println!("seeds {first} to {}", first + COUNT);
    let failed: Vec<_> = (first..first + COUNT)
        .filter_map(|seed| Some((seed, try_seed(seed, false).failure?)))
        .collect();
    if let Some((seed, failure)) = failed.first() {
        let seeds: Vec<_> = failed.iter().map(|(seed, _)| seed).collect();
        panic!(
            "seeds {seeds:?} break rules; the first, {seed}: {}\n{}",
            failure.rule, failure.story
        );
    }
}
