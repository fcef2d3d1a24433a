//! What the examples share: running on a server, showing progress, ending with one clear line.

pub mod jobs;
mod place;
pub mod server;
pub mod show;

use std::{
    fmt::{self, Display},
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub use crate::place::Place;

/// What the example's program tells its caller after Ctrl-C, as a shell would.
pub const INTERRUPTED: u8 = 130;

/// Says on standard error what `RUST_LOG` asks for.
pub fn listen() {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
}

/// The absolute path of a file that is there or can be made: its folder is.
///
/// # Errors
///
/// That there is no such folder.
pub fn file_in_a_folder(path: &Path) -> Result<PathBuf, Ending> {
    let path = std::path::absolute(path).map_err(Ending::failed)?;
    let folder = path.parent().unwrap_or(&path);
    if !folder.is_dir() {
        return Err(Ending::failed(format!("{}: no such folder", folder.display())));
    }
    Ok(path)
}

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

impl Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
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
