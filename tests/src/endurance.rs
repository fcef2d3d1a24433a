//! What the runs have in common that go on for minutes while parts of the world are killed: activities
//! that follow one another, and what is judged of what they wrote down.
//!
//! # What can be asserted
//!
//! - Nothing is missing: each activity completes, and each of its items was done by some attempt.
//! - Nothing acknowledged is older: an attempt begins no earlier than what was committed last, and
//!   acknowledged, in those before it. The activities that commit write down each acknowledgement.
//! - No two bodies at once: no attempt begins, or does an item, after a later one has begun. Both moments are
//!   read on the clock that all processes of a machine share, so this is asked without any lenience: the
//!   server begins the next attempt a heartbeat timeout after the last heartbeat that *arrived*, and a body of
//!   ours is dropped a timeout after that one was *sent*. What a body writes as it is told to stop is no work.
//!
//! Of the bare SDK the same is counted and not judged: it promises none of the last two.

pub mod account;
pub mod circumstances;
pub mod kind;
pub mod load;
pub mod tally;

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use serde::Serialize;

pub use self::{
    account::{Account, HandOver},
    circumstances::Circumstances,
    kind::Kind,
    tally::{Damage, Tally},
};

/// Stores what was measured as JSON, and says where.
pub fn store(results: &impl Serialize, file: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(results)? + "\n";
    fs::write(file, text).with_context(|| file.display().to_string())?;
    Ok(writeln!(io::stdout(), "the numbers are in {}\n", file.display())?)
}

/// Prints a table and what must not be; the code is a failure where there is such a thing.
pub fn report(table: &str, broken: &[String]) -> anyhow::Result<ExitCode> {
    let mut output = io::stdout();
    writeln!(output, "{table}")?;
    for what in broken {
        writeln!(output, "broken: {what}")?;
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
