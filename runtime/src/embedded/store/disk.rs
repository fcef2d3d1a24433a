//! The disk below the database, and what went wrong with it.
//!
//! redb reports the first error of a disk as such, and what follows from it in other words: as a
//! previous error, as a poisoned lock, by an assertion. So the first one is remembered here: whoever
//! has it knows that the disk failed, and that the file is as whole as it was.

use std::{
    fs::OpenOptions,
    io::{self, ErrorKind},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use redb::{DatabaseError, StorageBackend, backends::FileBackend};

/// What went wrong first with a disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    first: Arc<Mutex<Option<Arc<io::Error>>>>,
}

impl Trouble {
    pub(super) fn first(&self) -> Option<Arc<io::Error>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            // Where a file ends too early, it is the file that is wrong.
            if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData) {
                return error;
            }
            let error = Arc::new(error);
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| Arc::clone(&error));
            io::Error::new(error.kind(), error)
        })
    }
}

/// A disk that remembers what went wrong with it.
#[derive(Debug)]
pub(super) struct Disk {
    bytes: Box<dyn StorageBackend>,
    trouble: Trouble,
}

impl Disk {
    pub(super) fn new(bytes: Box<dyn StorageBackend>) -> Self {
        Self { bytes, trouble: Trouble::default() }
    }

    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.trouble.note(self.bytes.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.trouble.note(self.bytes.read(offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.trouble.note(self.bytes.set_len(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.trouble.note(self.bytes.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.trouble.note(self.bytes.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.bytes.close()
    }
}

/// The file of a store, for this process alone.
pub(super) fn file(path: &Path) -> Result<Box<dyn StorageBackend>, DatabaseError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    Ok(Box::new(FileBackend::new(file)?))
}

/// What redb's files begin with; it writes this last of all when it creates one.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// Where bits say how the file was left: not closed in order, and in two phases.
const FLAGS: u64 = 9;
const RECOVERY_REQUIRED: u8 = 2;
const TWO_PHASE_COMMIT: u8 = 4;

/// Where redb's header ends, at the latest.
const HEADER: u64 = 512;

/// Empties a file whose creation was interrupted before anything could be stored in it.
///
/// redb itself takes such a file for one of another program, for ever.
pub(super) fn forget_unfinished(bytes: &dyn StorageBackend) -> io::Result<()> {
    let length = bytes.len()?;
    if length < HEADER || read::<{ MAGIC.len() }>(bytes, 0)? != [0; MAGIC.len()] {
        return Ok(());
    }
    let mut block = vec![0; 1 << 16];
    let mut offset = HEADER;
    while offset < length {
        let size = usize::try_from(length - offset).unwrap_or(usize::MAX).min(block.len());
        bytes.read(offset, &mut block[..size])?;
        if block[..size].iter().any(|byte| *byte != 0) {
            return Ok(());
        }
        offset += size as u64;
    }
    bytes.set_len(0)
}

/// Has redb look at every checksum, as after a crash.
///
/// It trusts a file that was closed in order or in two phases, and may then allocate whatever size a
/// damaged header names, which ends the process, or read what was never written.
pub(super) fn distrust(bytes: &dyn StorageBackend) -> io::Result<()> {
    if bytes.len()? < HEADER || read(bytes, 0)? != MAGIC {
        return Ok(());
    }
    let [flags] = read(bytes, FLAGS)?;
    bytes.write(FLAGS, &[(flags | RECOVERY_REQUIRED) & !TWO_PHASE_COMMIT])
}

fn read<const LENGTH: usize>(bytes: &dyn StorageBackend, offset: u64) -> io::Result<[u8; LENGTH]> {
    let mut read = [0; LENGTH];
    bytes.read(offset, &mut read)?;
    Ok(read)
}
