//! Some seeds that are the same in each run, and some thousand that no run looked at before.

use std::{thread, time::SystemTime};

use autobeat_tests::schedules::search::{allow_many_crashes, try_seed};

const FRESH: u64 = 3_000;
const SAME: u64 = 2_000;

#[test]
fn fresh_seeds_break_no_rule() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let first = now.as_secs() * 10_000;
    break_no_rule(first, FRESH);
}

#[test]
fn seeds_of_every_run_break_no_rule() {
    break_no_rule(1, SAME);
}

fn break_no_rule(first: u64, count: u64) {
    allow_many_crashes();
    println!("seeds {first} to {}", first + count);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failed_of = |seeds: &[u64]| -> Vec<_> {
        seeds.iter().filter_map(|seed| Some((*seed, try_seed(*seed, false).failure?))).collect()
    };
    let seeds: Vec<_> = (first..first + count).collect();
    let mut failed: Vec<_> = thread::scope(|scope| {
        let shares = seeds.chunks(seeds.len().div_ceil(threads));
        let running: Vec<_> = shares.map(|share| scope.spawn(move || failed_of(share))).collect();
        running.into_iter().flat_map(|running| running.join().expect("no panic")).collect()
    });
    failed.sort_by_key(|(seed, _)| *seed);
    if let Some((seed, failure)) = failed.first() {
        let seeds: Vec<_> = failed.iter().map(|(seed, _)| seed).collect();
        panic!(
            "seeds {seeds:?} break rules; the first, {seed}: {}\n{}",
            failure.rule, failure.story
        );
    }
}
