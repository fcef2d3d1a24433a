//! Takes one rule at a time out of a copy of the product, and counts the seeds after which a schedule
//! breaks: whether those who judge would notice.
//!
//! ```sh
//! cargo run --release -p autobeat-tests --bin rules
//! ```
//!
//! It prints the table that stands in the documentation of [`schedules`](autobeat_tests::schedules).
//! The copy and what is built of it stay in the target folder, so that it is built once.

mod copy;
mod seeds;

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result, ensure};
use autobeat_tests::schedules::mutations::{Mutation, all};
use clap::Parser;

use self::{
    copy::Copy,
    seeds::{Broken, first_broken},
};

/// Takes one rule at a time out of a copy of the product, and counts the seeds until that is noticed.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only the mutations whose names contain this, or another one of several.
    #[arg(long)]
    only: Vec<String>,
    /// How many seeds at most, from 1.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("a workspace")?;
    let copy = Copy::of(checkout)?;
    for mutation in all() {
        check(mutation, &copy)?;
    }
    let unchanged = first_broken(&copy.build()?, arguments.count)?;
    ensure!(unchanged.is_none(), "broken without any mutation: {unchanged:?}");

    println!("| no longer so | who notices | after seeds |\n|---|---|---:|");
    let mut unnoticed = 0;
    for mutation in all().filter(|mutation| arguments.names(mutation)) {
        let (rule, seeds) = match try_out(mutation, &copy, arguments.count) {
            Ok(Some(Broken { rule, seeds })) => (rule, seeds),
            Ok(None) => ("**nobody**".to_owned(), arguments.count),
            // The others are worth their hour all the same.
            Err(error) => {
                eprintln!("{error:#}");
                ("**not tried out**".to_owned(), 0)
            }
        };
        unnoticed += usize::from(rule.starts_with("**"));
        println!("| {} | {rule} | {seeds} |", mutation.name);
    }
    Ok(if unnoticed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Arguments {
    fn names(&self, mutation: &Mutation) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| mutation.name.contains(part))
    }
}

/// A mutation that does not fit the sources any more would be one that nobody notices.
fn check(mutation: &Mutation, copy: &Copy) -> Result<()> {
    let Mutation { name, file, old, .. } = mutation;
    let times = copy.read(file)?.matches(old).count();
    ensure!(times == 1, "{name}: found {times} times in {file}: {old}");
    Ok(())
}

/// Applies it, runs the schedules, and takes it back.
fn try_out(mutation: &Mutation, copy: &Copy, count: u64) -> Result<Option<Broken>> {
    let original = copy.read(mutation.file)?;
    copy.write(mutation.file, &original.replacen(mutation.old, mutation.new, 1))?;
    let broken = copy.build().and_then(|program| first_broken(&program, count));
    copy.write(mutation.file, &original)?;
    broken.with_context(|| mutation.name)
}
