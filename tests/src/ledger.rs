//! What activities write down, for tests to count after a kill.
//!
//! One line a record, `attempt record unix_micros`, appended in one write: a record is whole or not
//! there at all, and it is there as soon as the write returns, also when the process is killed then.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The file that the attempts of one activity append to.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The attempt that wrote it, counted by the server.
    pub attempt: u32,
    /// What it wrote.
    pub record: Record,
    /// When, since the epoch.
    pub at: Duration,
}

/// What an attempt wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// It began, with this item to do next.
    Begun(u64),
    /// This item is done.
    Item(u64),
    /// Something happened.
    Note(String),
}

impl Ledger {
    /// A ledger in a file, which the first record makes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All that was written so far; nothing where there is no file yet.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        parse(&fs::read_to_string(&self.path).unwrap_or_default())
    }

    /// What was written last. Unlike the other questions it does not read all of the file.
    #[must_use]
    pub fn newest(&self) -> Option<Entry> {
        const LONGEST_LINE: u64 = 200;
        let mut file = File::open(&self.path).ok()?;
        let length = file.metadata().ok()?.len();
        let start = length.saturating_sub(2 * LONGEST_LINE);
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut end = String::new();
        file.read_to_string(&mut end).ok()?;
        let first_whole = if start == 0 { 0 } else { end.find('\n')? + 1 };
        parse(&end[first_whole..]).pop()
    }

    /// When and with which item to do next attempts began, in order.
    #[must_use]
    pub fn beginnings(&self) -> Vec<(u64, Duration)> {
        let beginning = |entry: Entry| match entry.record {
            Record::Begun(next) => Some((next, entry.at)),
            _ => None,
        };
        self.entries().into_iter().filter_map(beginning).collect()
    }

    /// The items that an attempt did, with their moments.
    #[must_use]
    pub fn items(&self, attempt: u32) -> Vec<(u64, Duration)> {
        let item = |entry: Entry| match entry.record {
            Record::Item(item) if entry.attempt == attempt => Some((item, entry.at)),
            _ => None,
        };
        self.entries().into_iter().filter_map(item).collect()
    }

    /// When an attempt noted something for the first time.
    #[must_use]
    pub fn noted(&self, attempt: u32, note: &str) -> Option<Duration> {
        let wanted = Record::Note(note.to_owned());
        let is_it = |entry: &Entry| entry.attempt == attempt && entry.record == wanted;
        self.entries().into_iter().find(is_it).map(|entry| entry.at)
    }

    /// When an attempt wrote for the last time.
    #[must_use]
    pub fn last_of(&self, attempt: u32) -> Option<Duration> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.attempt == attempt)
            .map(|entry| entry.at)
            .max()
    }

    /// Which of so many items were done in no attempt.
    #[must_use]
    pub fn missing(&self, items: u64) -> Vec<u64> {
        let done: HashSet<Record> = self.entries().into_iter().map(|entry| entry.record).collect();
        (0..items).filter(|item| !done.contains(&Record::Item(*item))).collect()
    }

    /// Which items of one attempt were done again in another, with their moments in the first.
    #[must_use]
    pub fn repeated(&self, earlier: u32, later: u32) -> Vec<(u64, Duration)> {
        let again: HashSet<u64> = self.items(later).into_iter().map(|(item, _)| item).collect();
        self.items(earlier).into_iter().filter(|(item, _)| again.contains(item)).collect()
    }

    /// How long one attempt had worked on what another did again, to within an item.
    #[must_use]
    pub fn repeated_work(&self, earlier: u32, later: u32) -> Duration {
        let repeated = self.repeated(earlier, later);
        match (repeated.first(), repeated.last()) {
            (Some((_, first)), Some((_, last))) => last.saturating_sub(*first),
            _ => Duration::ZERO,
        }
    }

    /// Opens it for an attempt.
    pub fn of_attempt(&self, attempt: u32) -> io::Result<Scribe> {
        let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        Ok(Scribe { file, attempt })
    }
}

/// Writes for one attempt.
#[derive(Debug)]
pub struct Scribe {
    file: File,
    attempt: u32,
}

impl Scribe {
    /// Writes that the attempt begins, with this item to do next.
    pub fn begin(&self, next: u64) -> io::Result<()> {
        self.write(&format!("{BEGUN}{next}"))
    }

    /// Writes that an item is done.
    pub fn item(&self, item: u64) -> io::Result<()> {
        self.write(&item.to_string())
    }

    /// Writes that something happened.
    pub fn note(&self, note: &str) -> io::Result<()> {
        self.write(note)
    }

    fn write(&self, record: &str) -> io::Result<()> {
        let line = format!("{} {record} {}\n", self.attempt, now().as_micros());
        (&self.file).write_all(line.as_bytes())
    }
}

/// The clock of the ledger, which all processes of a machine share.
#[must_use]
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970")
}

/// How the record of a beginning begins.
const BEGUN: &str = "begun-from-";

fn parse(text: &str) -> Vec<Entry> {
    // A line without its end is still being written.
    let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    lines.map(|line| parse_line(line).unwrap_or_else(|| panic!("ledger: {line:?}"))).collect()
}

fn parse_line(line: &str) -> Option<Entry> {
    let (attempt, rest) = line.split_once(' ')?;
    let (record, micros) = rest.rsplit_once(' ')?;
    let record = match (record.parse(), record.strip_prefix(BEGUN)) {
        (Ok(item), _) => Record::Item(item),
        (_, Some(next)) => Record::Begun(next.parse().ok()?),
        _ => Record::Note(record.to_owned()),
    };
    let at = Duration::from_micros(micros.parse().ok()?);
    Some(Entry { attempt: attempt.parse().ok()?, record, at })
}
