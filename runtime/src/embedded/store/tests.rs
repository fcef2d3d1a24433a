//! The store on a disk that fails at every place where it can, and in a process that dies there.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::*;

/// A disk in memory, whose changes can be refused, and are remembered.
#[derive(Clone, Debug, Default)]
struct Ram {
    state: Arc<Mutex<RamState>>,
}

#[derive(Debug, Default)]
struct RamState {
    bytes: Vec<u8>,
    changes: Vec<Change>,
    /// How many changes are still taken.
    left: Option<usize>,
    refusal: Option<io::ErrorKind>,
}

#[derive(Clone, Debug)]
enum Change {
    Length(u64),
    Write(u64, Vec<u8>),
    Sync,
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
            Self::Write(offset, data) => {
                let offset = usize::try_from(*offset).unwrap();
                bytes[offset..offset + data.len()].copy_from_slice(data);
            }
            Self::Sync => {}
        }
    }
}

impl Ram {
    fn of(bytes: Vec<u8>) -> Self {
        let ram = Self::default();
        ram.state.lock().unwrap().bytes = bytes;
        ram
    }

    /// Takes so many changes, and then none.
    fn fill_after(&self, changes: usize, refusal: io::ErrorKind) {
        let mut state = self.state.lock().unwrap();
        (state.left, state.refusal) = (Some(changes), Some(refusal));
    }

    fn make_room(&self) {
        self.state.lock().unwrap().left = None;
    }

    fn is_full(&self) -> bool {
        self.state.lock().unwrap().left == Some(0)
    }

    fn changes(&self) -> Vec<Change> {
        self.state.lock().unwrap().changes.clone()
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        match state.left {
            Some(0) => return Err(state.refusal.unwrap().into()),
            Some(left) => state.left = Some(left - 1),
            None => {}
        }
        change.apply(&mut state.bytes);
        state.changes.push(change);
        Ok(())
    }

    fn open(&self) -> Result<Store, EmbeddedError> {
        let ram = self.clone();
        Store::open_on(Path::new("in-memory.redb"), move |_| Ok(Box::new(ram.clone())))
    }
}

impl StorageBackend for Ram {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().unwrap().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        let found = state.bytes.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(Change::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset, data.to_vec()))
    }
}

/// The record of an attempt, with details that grow until the file must.
fn record_of(attempt: u32) -> Record {
    let mut record = Record::new("import");
    // Else each would be another piece of work.
    record.run_id = "run".to_owned();
    record.attempt = attempt;
    let data = vec![b'x'; 10_000 * attempt as usize];
    record.details = vec![Payload { data, ..Payload::default() }];
    record
}

const LAST: u32 = 4;

/// Writes one record after the other from the attempt after `done`, which says what is stored.
fn work(ram: &Ram, done: &mut u32) -> Result<(), EmbeddedError> {
    let store = ram.open()?;
    for attempt in *done + 1..=LAST {
        store.write("one", &record_of(attempt))?;
        *done = attempt;
    }
    store.remove("two")?;
    Ok(())
}

fn stored(store: &Store) -> u32 {
    let record = store.read("one").unwrap();
    record.map_or(0, |record| {
        assert_eq!(record.details[0].data.len(), 10_000 * record.attempt as usize);
        record.attempt
    })
}

fn all_changes() -> Vec<Change> {
    let ram = Ram::default();
    work(&ram, &mut 0).unwrap();
    ram.changes()
}

#[test]
fn a_full_disk_loses_nothing_and_is_no_damage() {
    let most = all_changes().len();
    assert!(most > 30, "{most}");
    for (kind, step) in [(io::ErrorKind::StorageFull, 1), (io::ErrorKind::Other, 7)] {
        for changes in (0..most).step_by(step) {
            let ram = Ram::default();
            ram.fill_after(changes, kind);
            let mut done = 0;
            if let Err(error) = work(&ram, &mut done) {
                let full = kind == io::ErrorKind::StorageFull;
                assert_eq!(error.is_out_of_space(), full, "after {changes}: {error}");
                assert_eq!(error.to_string().contains("make room"), full, "{error}");
                assert!(!error.is_damaged(), "after {changes}: {error}");
            } else {
                // It was full only when the store was closed, where nothing is written that matters.
                assert_eq!(done, LAST);
            }
            assert!(ram.is_full());
            ram.make_room();
            let found = stored(&ram.open().unwrap());
            assert!((done..=done + 1).contains(&found), "after {changes}: {found}, not {done}");
            work(&ram, &mut done).unwrap();
            assert_eq!(stored(&ram.open().unwrap()), LAST);
        }
    }
}

#[test]
fn a_store_goes_on_when_there_is_room_again() {
    let ram = Ram::default();
    let store = ram.open().unwrap();
    store.write("one", &record_of(1)).unwrap();
    ram.fill_after(2, io::ErrorKind::StorageFull);
    for _ in 0..3 {
        assert!(store.write("one", &record_of(2)).unwrap_err().is_out_of_space());
        assert!(store.write("two", &record_of(1)).unwrap_err().is_out_of_space());
    }
    ram.make_room();
    assert_eq!(stored(&store), 1);
    store.write("one", &record_of(3)).unwrap();
    assert_eq!(stored(&store), 3);
}

#[test]
fn a_process_that_is_killed_at_any_change_leaves_a_whole_store() {
    let changes = all_changes();
    let mut bytes = Vec::new();
    let mut before = 0;
    for change in changes {
        change.apply(&mut bytes);
        let mut found = stored(&Ram::of(bytes.clone()).open().unwrap());
        assert!((before..=before + 1).contains(&found), "{found} after {before}");
        before = found;
        work(&Ram::of(bytes.clone()), &mut found).unwrap();
    }
    assert_eq!(before, LAST);
}

#[test]
fn a_damaged_byte_takes_nobody_down_and_hides_nothing() {
    let mut whole = Vec::new();
    for change in all_changes() {
        change.apply(&mut whole);
    }
    let mut damaged = 0;
    // Everywhere in the header, whose sizes redb would otherwise believe, and here and there after it.
    for place in (0..320).chain((4096..whole.len()).step_by(4099)) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0xFF;
        match Ram::of(bytes).open().and_then(|store| store.read("one")) {
            Ok(record) => assert_eq!(record, Some(record_of(LAST)), "at {place}"),
            Err(error) => {
                assert!(error.is_damaged(), "at {place}: {error}");
                damaged += 1;
            }
        }
    }
    assert!(damaged > 20, "{damaged}");
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    for length in [1, 600, 100_000] {
        let mut bytes = vec![0; length];
        bytes[length - 1] = 1;
        let ram = Ram::of(bytes.clone());
        assert!(ram.open().map(drop).unwrap_err().is_damaged(), "{length}");
        assert_eq!(ram.state.lock().unwrap().bytes, bytes);
    }
}
