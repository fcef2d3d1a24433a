//! Runs schedules drawn from seeds against the server in the process, and judges each step.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin schedules -- --count 100000
//! ```

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Instant, SystemTime},
};

use autobeat_tests::schedules::{
    judge::STATES,
    search::{Outcome, allow_many_crashes, try_seed},
};
use clap::Parser;

/// Schedules drawn from seeds, run against a server in this process.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many schedules. More than some 130,000 in one run may need more open files than a process may
    /// have, since the SDK never frees what a worker that crashed held.
    #[arg(long, default_value_t = 1_000)]
    count: u64,
    /// The seed of the first; the others follow. Drawn where none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many threads.
    #[arg(long, default_value_t = thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// How many stories to tell at most.
    #[arg(long, default_value_t = 3)]
    stories: u64,
    /// Tell the stories as they were drawn, without looking for simpler ones.
    #[arg(long)]
    as_drawn: bool,
}

/// What all threads add to.
#[derive(Default)]
struct Total {
    seen: BTreeMap<&'static str, u64>,
    broken: BTreeMap<&'static str, Vec<u64>>,
    passed: u64,
    stories: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let first = arguments.seed.unwrap_or_else(drawn_seed);
    let began = Instant::now();
    allow_many_crashes();
    let (next, total) = (AtomicU64::new(0), Mutex::new(Total::default()));
    thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| work(&arguments, first, &next, &total));
        }
    });
    let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    report(&total);
    let failed: usize = total.broken.values().map(Vec::len).sum();
    println!("\nseeds {first} to {}, in {:.1?}", first + arguments.count, began.elapsed());
    println!("{} passed, {failed} failed", total.passed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn drawn_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() * 1_000_000)
}

fn work(arguments: &Arguments, first: u64, next: &AtomicU64, total: &Mutex<Total>) {
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        if place >= arguments.count {
            return;
        }
        let tells =
            total.lock().unwrap_or_else(PoisonError::into_inner).stories < arguments.stories;
        let outcome = try_seed(first + place, tells && !arguments.as_drawn);
        enter(arguments, outcome, &mut total.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn enter(arguments: &Arguments, outcome: Outcome, total: &mut Total) {
    for (state, count) in outcome.states {
        *total.seen.entry(state).or_default() += count;
    }
    let Some(failure) = outcome.failure else {
        total.passed += 1;
        return;
    };
    let seeds = total.broken.entry(failure.rule).or_default();
    let is_new = seeds.is_empty();
    seeds.push(outcome.seed);
    if total.stories < arguments.stories && is_new {
        total.stories += 1;
        println!("seed {} breaks a rule: {}\n{}", outcome.seed, failure.rule, failure.story);
    }
}

fn report(total: &Total) {
    println!("rare states:");
    for state in STATES {
        println!("{:>10}  {state}", total.seen.get(state).copied().unwrap_or_default());
    }
    for (rule, seeds) in &total.broken {
        let some: Vec<_> = seeds.iter().take(8).map(u64::to_string).collect();
        println!("{:>10}  BROKEN {rule}: seeds {}", seeds.len(), some.join(", "));
    }
}
