//! What is said through `tracing`, for tests to read.

use std::{
    fs::{self, File},
    sync::{Arc, OnceLock},
};

use tempfile::NamedTempFile;
use tracing::{
    Dispatch, Level,
    subscriber::{DefaultGuard, NoSubscriber},
};

/// Hears everything that is said on this thread while it lives.
pub(crate) struct Listener {
    written: NamedTempFile,
    _listening: DefaultGuard,
}

impl Listener {
    /// Hears what is said at this level or above it.
    pub(crate) fn at(level: Level) -> Self {
        // While there is but one subscriber, `tracing` lets whichever thread comes first decide for all
        // of them that nobody listens at a place: another test's thread, which has none.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(NoSubscriber::new()));
        let written = NamedTempFile::new().unwrap();
        let file: Arc<File> = Arc::new(written.reopen().unwrap());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(file)
            .finish();
        Self { written, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// All that was said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.written.path()).unwrap()
    }
}
