//! What the examples share: running on a server, showing progress, ending with one clear line.

pub mod server;
pub mod show;

use std::{fmt::Display, process::ExitCode};

/// What the example's program tells its caller after Ctrl-C, as a shell would.
pub const INTERRUPTED: u8 = 130;

/// Ends a program: silently when all went well, else with one line that says why.
#[must_use]
pub fn end(name: &str, result: Result<(), Ending>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Ending { message, code }) => {
            eprintln!("{name}: {message}");
            ExitCode::from(code)
        }
    }
}

/// Why a program did not do what it was asked for.
#[derive(Debug)]
pub struct Ending {
    message: String,
    code: u8,
}

impl Ending {
    /// It failed.
    pub fn failed(message: impl Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// Somebody stopped it.
    pub fn interrupted(message: impl Display) -> Self {
        Self { message: message.to_string(), code: INTERRUPTED }
    }
}
