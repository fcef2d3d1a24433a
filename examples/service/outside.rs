//! What is outside of the service, played by a folder: whoever rows are sent to, and who runs jobs.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use autobeat::Attempt;
use tokio::time::sleep;

use super::rows::Row;

/// Takes rows, and is often busy.
pub(crate) struct Receiver {
    /// Each row that it took is a line of this file, with the attempt that sent it, and when.
    log: PathBuf,
    /// How long it takes for one.
    pause: Duration,
    calls: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiverError {
    #[error("the receiver is busy")]
    Busy,
    #[error("the receiver cannot write: {0}")]
    Broken(#[from] io::Error),
}

impl ReceiverError {
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

impl Receiver {
    pub(crate) fn new(log: PathBuf, pause: Duration) -> Self {
        Self { log, pause, calls: AtomicU64::new(0) }
    }

    /// Takes a row, unless it is busy, as it is at one call in seven. A row that it has already is taken
    /// for the same: it knows it by its id.
    pub(crate) async fn take(&self, attempt: &Attempt, row: &Row) -> Result<(), ReceiverError> {
        sleep(self.pause).await;
        if self.calls.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Err(ReceiverError::Busy);
        }
        let (id, attempt) = (&row.id, attempt.number());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        // In one write: a process that is killed leaves no half of a line.
        let line = format!("{id} {attempt} {now}\n");
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        Ok(log.write_all(line.as_bytes())?)
    }
}
