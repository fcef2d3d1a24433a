//! What the worker does: four activities, each with what it remembers, and what a kill lets it do again.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use autobeat::{Attempt, Cancellation, Cancelled, Checkpoint, Finished, Progress, activities};
use autobeat_examples::jobs::Jobs;
use backon::{ExponentialBuilder, Retryable};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;
use tokio::{task::spawn_blocking, time::sleep};

use super::{
    outside::{Receiver, ReceiverError},
    rows::{Import, Row, read},
};

/// How many rows are one transaction.
const CHUNK: usize = 50;

/// How many rows are on their way to the receiver at once.
pub(crate) const AT_ONCE: usize = 16;

/// How long it waits between two looks at a job.
const LOOK: Duration = Duration::from_millis(250);

/// What all activities share: the worker makes it once.
pub(crate) struct Service {
    pub(crate) database: PathBuf,
    pub(crate) receiver: Receiver,
    pub(crate) jobs: Jobs,
    /// Pause before each transaction.
    pub(crate) pause: Duration,
}

/// What was exported so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Exported {
    pub(crate) finished: Finished,
    /// What the amounts of these rows are together.
    pub(crate) amount: i64,
}

/// What was hashed so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Hashed {
    rounds: u64,
    hash: u64,
}

// What is killed goes on elsewhere after two seconds: most services have more time, and send less.
#[activities(
    heartbeat_timeout = "2s",
    start_to_close_timeout = "1h",
    retry(initial_interval = "100ms", maximum_interval = "1s")
)]
impl Service {
    /// Brings the rows of a file into the database. Rows and position are one transaction, fenced by a
    /// number of the database's own: each row is there once, whoever was killed or woke too late.
    #[activity]
    pub(crate) fn import(
        self: Arc<Self>,
        checkpoint: Checkpoint<u64>,
        file: PathBuf,
    ) -> Result<u64, ActivityError> {
        let rows = read(&file)?;
        let total = rows.len() as u64;
        let mut import = Import::begin(&self.database, &file)?;
        // The loop begins at what was saved last: the database goes before what the last attempt saved. It also
        // says whether to stop.
        let _ = checkpoint.save(import.position);
        for chunk in checkpoint.resume(rows).chunks(CHUNK) {
            let chunk = chunk?;
            thread::sleep(self.pause);
            import.insert(&chunk)?;
        }
        Ok(total)
    }

    /// Sends each row to the receiver, sixteen at once. After a kill it sends again what was on its way, and
    /// what came after the last heartbeat; what it has counted and what it has sent never disagree.
    #[activity]
    pub(crate) async fn export(
        self: Arc<Self>,
        checkpoint: Checkpoint<Exported>,
        attempt: Attempt,
        file: PathBuf,
    ) -> Result<Exported, ActivityError> {
        let database = self.database.clone();
        let rows = spawn_blocking(move || imported(&database, &file)).await??;
        let send = |row| self.send(&attempt, row);
        let mut answers =
            checkpoint.resume_concurrent_at(rows, AT_ONCE, |state| &mut state.finished, send);
        while let Some(amount) = answers.next().await {
            answers.state().amount += amount??;
        }
        Ok(checkpoint.get())
    }

    /// Hashes a file over and over, as passwords are. It blocks its thread, and says so by not being `async`;
    /// after a kill it does again what came after the last heartbeat.
    #[activity]
    pub(crate) fn hash(
        checkpoint: Checkpoint<Hashed>,
        file: PathBuf,
        rounds: u64,
    ) -> Result<u64, ActivityError> {
        let bytes = fs::read(file)?;
        let mut left = checkpoint.resume_at(0..rounds, |state| &mut state.rounds);
        while let Some(round) = left.next() {
            round?;
            let state = left.state();
            state.hash = hash_of(&bytes, state.hash);
        }
        Ok(left.state().hash)
    }

    /// Has somebody else run a job, and waits for it. It is submitted under the key of this activity, so it
    /// is there once; its id is committed, so that each attempt finds it again; and it is cancelled with it.
    #[activity]
    pub(crate) async fn poll(
        self: Arc<Self>,
        checkpoint: Checkpoint<Option<String>>,
        attempt: Attempt,
        cancellation: Cancellation,
        steps: u64,
    ) -> Result<String, ActivityError> {
        let id = checkpoint.get().map_or_else(|| self.jobs.submit(attempt.key()), Ok)?;
        let ended = async {
            checkpoint.commit(Some(id.clone())).await?;
            loop {
                let done = self.jobs.look(&id)?;
                attempt.show(Progress::new(done).of(steps).unit("steps"));
                if done >= steps {
                    return anyhow::Ok(());
                }
                cancellation.run_until_cancelled(sleep(LOOK)).await?;
            }
        };
        if let Err(error) = ended.await {
            // For any other reason the next attempt attaches to it again.
            if error.downcast_ref().is_some_and(Cancelled::is_requested) {
                self.jobs.cancel(&id)?;
            }
            return Err(error.into());
        }
        Ok(id)
    }
}

impl Service {
    /// One row, again while the receiver is busy, without the others waiting for it; returns its amount.
    async fn send(&self, attempt: &Attempt, row: Row) -> Result<i64, ReceiverError> {
        let waits = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(20))
            .with_max_times(10)
            .with_jitter();
        let take = || self.receiver.take(attempt, &row);
        take.retry(waits).sleep(sleep).when(ReceiverError::is_busy).await?;
        Ok(row.amount)
    }
}

/// The rows of a file that are in the database, in the same order each time.
fn imported(database: &Path, file: &Path) -> rusqlite::Result<Vec<Row>> {
    let connection = Connection::open(database)?;
    let mut rows =
        connection.prepare("SELECT id, amount FROM rows WHERE file = ?1 ORDER BY rowid")?;
    let rows = rows.query_map([file.display().to_string()], |row| {
        Ok(Row { id: row.get(0)?, amount: row.get(1)? })
    })?;
    rows.collect()
}

/// FNV-1a, seeded.
pub(crate) fn hash_of(bytes: &[u8], seed: u64) -> u64 {
    let seed = seed ^ 0xcbf2_9ce4_8422_2325;
    bytes.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
