//! The file in which attempts and their checkpoints outlive the process.
//!
//! Every write is one transaction of redb, on the disk when it returns: a process that is killed
//! in the middle leaves the record before it.

use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Once,
};

use redb::{Database, ReadableDatabase, TableDefinition};
use serde::{Deserialize, Serialize};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::error::{Cause, EmbeddedError, Kind};

/// By activity id: a [`Record`] as JSON.
const RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("autobeat-attempts-1");

/// What is known about an activity that has not completed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) activity_type: String,
    pub(super) attempt: u32,
    details: Vec<StoredPayload>,
}

/// A payload with everything that a server would store of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredPayload {
    metadata: BTreeMap<String, Vec<u8>>,
    data: Vec<u8>,
}

impl Record {
    pub(super) fn new(activity_type: &str) -> Self {
        Self { activity_type: activity_type.to_owned(), attempt: 0, details: Vec::new() }
    }

    pub(super) fn details(&self) -> Vec<Payload> {
        let restore = |stored: &StoredPayload| Payload {
            metadata: stored.metadata.clone().into_iter().collect(),
            data: stored.data.clone(),
            ..Payload::default()
        };
        self.details.iter().map(restore).collect()
    }

    pub(super) fn set_details(&mut self, payloads: &[Payload]) {
        let store = |payload: &Payload| StoredPayload {
            metadata: payload.metadata.clone().into_iter().collect(),
            data: payload.data.clone(),
        };
        self.details = payloads.iter().map(store).collect();
    }
}

/// An open store; one process at a time has it.
pub(super) struct Store {
    path: PathBuf,
    database: Database,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedError> {
        let database = survive(path, || {
            let database = Database::create(path)?;
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            transaction.commit()?;
            Ok(database)
        })?;
        Ok(Self { path: path.to_owned(), database })
    }

    pub(super) fn read(&self, id: &str) -> Result<Option<Record>, EmbeddedError> {
        let bytes = self.guard(|| {
            let transaction = self.database.begin_read()?;
            let table = transaction.open_table(RECORDS)?;
            Ok(table.get(id)?.map(|bytes| bytes.value().to_vec()))
        })?;
        let parsed = bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        parsed.map_err(|error| {
            EmbeddedError::new(Kind::Damaged { path: self.path.clone(), source: error.into() })
        })
    }

    pub(super) fn write(&self, id: &str, record: &Record) -> Result<(), EmbeddedError> {
        let bytes = serde_json::to_vec(record)
            .map_err(|error| EmbeddedError::new(Kind::Conversion(error.into())))?;
        self.guard(|| {
            let transaction = self.database.begin_write()?;
            transaction.open_table(RECORDS)?.insert(id, bytes.as_slice())?;
            transaction.commit()?;
            Ok(())
        })
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), EmbeddedError> {
        self.guard(|| {
            let transaction = self.database.begin_write()?;
            transaction.open_table(RECORDS)?.remove(id)?;
            transaction.commit()?;
            Ok(())
        })
    }

    fn guard<T>(&self, work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, EmbeddedError> {
        survive(&self.path, work)
    }
}

thread_local! {
    static AMID_STORE: Cell<bool> = const { Cell::new(false) };
}

/// Runs work on a file that may be damaged.
///
/// Where a file is too short or its pages contradict each other, redb asserts instead of reporting;
/// a file must be able neither to take the program down nor to fill its output with a backtrace.
fn survive<T>(
    path: &Path,
    work: impl FnOnce() -> Result<T, redb::Error>,
) -> Result<T, EmbeddedError> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let other_panics = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !AMID_STORE.get() {
                other_panics(info);
            }
        }));
    });
    AMID_STORE.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    AMID_STORE.set(false);
    result.map_or_else(
        |_| {
            let (path, source) = (path.to_owned(), Cause::from("its structure is broken"));
            Err(EmbeddedError::new(Kind::Damaged { path, source }))
        },
        |result| result.map_err(|error| explain(path, error)),
    )
}

fn explain(path: &Path, error: redb::Error) -> EmbeddedError {
    use std::io::ErrorKind;
    let path = path.to_owned();
    let kind = match error {
        redb::Error::DatabaseAlreadyOpen => Kind::InUse { path },
        redb::Error::Io(error)
            if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            Kind::Store { path, source: error.into() }
        }
        redb::Error::TableDoesNotExist(_) | redb::Error::ReadTransactionStillInUse(_) => {
            Kind::Store { path, source: error.into() }
        }
        other => Kind::Damaged { path, source: other.into() },
    };
    EmbeddedError::new(kind)
}
