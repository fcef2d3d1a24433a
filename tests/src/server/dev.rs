//! The dev server of the Temporal CLI, with its database in a file.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{guard::Guarded, port::free_port};

/// What a server is told, as JSON, for its timers to fire when they are due.
///
/// By default some fire a second later, which would make every timeout of a test longer, and let one pass that
/// relies on it. What is read in shorter steps than a second looks stuck to the server, which counts those within
/// one: it would split its timers ever further, and some of them never fired after the first twenty minutes of a soak.
pub(crate) const TIMERS_WHEN_DUE: [(&str, &str); 2] = [
    ("history.timerProcessorMaxTimeShift", r#""10ms""#),
    ("history.queueReaderStuckCriticalAttempts", "0"),
];

#[derive(Debug)]
pub(super) struct Dev {
    program: PathBuf,
    port: u16,
    guarded: Guarded,
}

impl Dev {
    /// One that has not begun yet.
    pub(super) fn new(program: PathBuf) -> io::Result<Self> {
        Ok(Self { program, port: free_port()?, guarded: Guarded::new("autobeat-server-")? })
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
        let arguments = arguments(self.port, &self.guarded.directory().join("temporal.db"));
        self.guarded.begin(&self.program, &arguments)
    }

    /// Kills it; what it stored stays.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.guarded.stop()
    }

    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it has said.
    pub(super) fn log(&self) -> String {
        self.guarded.log()
    }
}

fn arguments(port: u16, database: &Path) -> Vec<String> {
    let port = port.to_string();
    let database = database.display().to_string();
    let timers = TIMERS_WHEN_DUE
        .into_iter()
        .flat_map(|(key, value)| ["--dynamic-config-value".to_owned(), format!("{key}={value}")]);
    let words = [
        "server",
        "start-dev",
        "--headless",
        "--ip",
        "127.0.0.1",
        "--port",
        &port,
        "--db-filename",
        &database,
        "--log-level",
        "error",
    ];
    words.map(str::to_owned).into_iter().chain(timers).collect()
}
