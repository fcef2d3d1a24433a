//! The file in which attempts and their checkpoints outlive the process.
//!
//! Invariants:
//! - every write is one transaction of redb, on the disk when it returns: a process that is killed in
//!   the middle leaves the record before it;
//! - a disk that fails, or is full, damages nothing: the database is closed then, and opened again for
//!   whatever is asked next;
//! - whatever redb does about a file, it takes nobody down: see [`survive`].

mod disk;
mod record;
mod survive;

use std::{
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use prost::Message;
use redb::{Database, ReadableDatabase, StorageBackend, TableDefinition};

pub(super) use self::record::Record;
use self::{
    disk::{Disk, Trouble},
    survive::survive,
};
use super::error::{EmbeddedError, Kind};

/// By activity id: a [`Record`].
const RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("autobeat-attempts-2");

type OpenDisk = dyn Fn(&Path) -> Result<Box<dyn StorageBackend>, redb::DatabaseError> + Send + Sync;

/// A store; one process at a time has it open.
pub(super) struct Store {
    path: PathBuf,
    open_disk: Box<OpenDisk>,
    opened: RwLock<Option<Opened>>,
}

struct Opened {
    database: Database,
    trouble: Trouble,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedError> {
        Self::open_on(path, disk::file)
    }

    fn open_on(
        path: &Path,
        open_disk: impl Fn(&Path) -> Result<Box<dyn StorageBackend>, redb::DatabaseError>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, EmbeddedError> {
        let path = path.to_owned();
        let store = Self { path, open_disk: Box::new(open_disk), opened: RwLock::new(None) };
        drop(store.ensure_opened()?);
        Ok(store)
    }

    pub(super) fn read(&self, id: &str) -> Result<Option<Record>, EmbeddedError> {
        let bytes = self.with(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(RECORDS)?;
            Ok(table.get(id)?.map(|bytes| bytes.value().to_vec()))
        })?;
        let parsed = bytes.map(|bytes| Record::decode(bytes.as_slice())).transpose();
        parsed.map_err(|error| {
            EmbeddedError::new(Kind::Damaged { path: self.path.clone(), source: error.into() })
        })
    }

    pub(super) fn write(&self, id: &str, record: &Record) -> Result<(), EmbeddedError> {
        let bytes = record.encode_to_vec();
        self.with(|database| {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?.insert(id, bytes.as_slice())?;
            transaction.commit()?;
            Ok(())
        })
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), EmbeddedError> {
        self.with(|database| {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?.remove(id)?;
            transaction.commit()?;
            Ok(())
        })
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, EmbeddedError> {
        let guard = self.ensure_opened()?;
        let Some(opened) = guard.as_ref() else {
            // Closed since then by somebody else's trouble, which comes to everybody.
            return Err(self.explain(None, redb::Error::DatabaseClosed));
        };
        let result = survive(|| work(&opened.database));
        let trouble = opened.trouble.clone();
        drop(guard);
        if trouble.first().is_some() {
            self.close();
        }
        result
            .unwrap_or_else(|| Err(redb::Error::Corrupted("its structure is broken".to_owned())))
            .map_err(|error| self.explain(Some(&trouble), error))
    }

    fn ensure_opened(&self) -> Result<RwLockReadGuard<'_, Option<Opened>>, EmbeddedError> {
        let guard = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if guard.is_some() {
            return Ok(guard);
        }
        drop(guard);
        let mut guard = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none() {
            *guard = Some(self.open_database()?);
        }
        drop(guard);
        Ok(self.opened.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn open_database(&self) -> Result<Opened, EmbeddedError> {
        let bytes =
            (self.open_disk)(&self.path).map_err(|error| self.explain(None, error.into()))?;
        let disk = Disk::new(bytes);
        let trouble = disk.trouble();
        let opened = survive(|| {
            disk::forget_unfinished(&disk)?;
            disk::distrust(&disk)?;
            let database = Database::builder().create_with_backend(disk)?;
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            transaction.commit()?;
            Ok(database)
        });
        opened
            .unwrap_or_else(|| Err(redb::Error::Corrupted("its structure is broken".to_owned())))
            .map(|database| Opened { database, trouble: trouble.clone() })
            .map_err(|error| self.explain(Some(&trouble), error))
    }

    fn close(&self) {
        let opened = self.opened.write().unwrap_or_else(PoisonError::into_inner).take();
        // It writes once more when it is dropped, and asserts that it can.
        survive(|| drop(opened));
    }

    fn explain(&self, trouble: Option<&Trouble>, error: redb::Error) -> EmbeddedError {
        use redb::Error as E;
        use std::io::ErrorKind::{InvalidData, UnexpectedEof};
        let path = self.path.clone();
        if let Some(first) = trouble.and_then(Trouble::first) {
            return EmbeddedError::new(Kind::Disk { path, source: first });
        }
        let kind = match error {
            E::DatabaseAlreadyOpen => Kind::InUse { path },
            E::Io(error) if !matches!(error.kind(), InvalidData | UnexpectedEof) => {
                Kind::Disk { path, source: error.into() }
            }
            damage @ (E::Io(_)
            | E::PreviousIo
            | E::LockPoisoned(_)
            | E::Corrupted(_)
            | E::TableTypeMismatch { .. }
            | E::TableIsMultimap(_)
            | E::TypeDefinitionChanged { .. }) => Kind::Damaged { path, source: damage.into() },
            // Whatever it is, it is no reason to throw the file away.
            other => Kind::Store { path, source: other.into() },
        };
        EmbeddedError::new(kind)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
