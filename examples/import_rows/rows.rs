//! Rows of a file, and their way into a database, each once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, TransactionBehavior::Immediate};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) amount: i64,
}

/// An import as one attempt sees it.
pub(crate) struct Import {
    pub(crate) connection: Connection,
    pub(crate) file: String,
    /// Which attempt this is, as the database counts them. Temporal's own number would not do: a reset
    /// counts from 1 again.
    pub(crate) attempt: u64,
    /// How many rows were there when the attempt began.
    pub(crate) position: u64,
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS imports (file TEXT PRIMARY KEY, attempt INTEGER, position INTEGER);
    CREATE TABLE IF NOT EXISTS rows (file TEXT, attempt INTEGER, id TEXT, amount INTEGER);
";

/// Opens the database, or makes one.
pub(crate) fn open(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

impl Import {
    /// Takes the turn: from here on no earlier attempt writes anything.
    pub(crate) fn begin(database: &Path, file: &Path) -> rusqlite::Result<Self> {
        let mut connection = open(database)?;
        let file = file.display().to_string();
        let transaction = connection.transaction_with_behavior(Immediate)?;
        transaction.execute(
            "INSERT INTO imports VALUES (?1, 1, 0)
             ON CONFLICT DO UPDATE SET attempt = attempt + 1",
            [&file],
        )?;
        let (attempt, position) = transaction.query_row(
            "SELECT attempt, position FROM imports WHERE file = ?1",
            [&file],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        transaction.commit()?;
        Ok(Self { connection, file, attempt, position })
    }

    /// Rows and position, both or neither, if no other attempt has begun.
    pub(crate) fn insert(&mut self, rows: &[Row]) -> Result<(), ActivityError> {
        let transaction = self.connection.transaction_with_behavior(Immediate)?;
        let moved = transaction.execute(
            "UPDATE imports SET position = position + ?3 WHERE file = ?1 AND attempt = ?2",
            (&self.file, self.attempt, rows.len()),
        )?;
        if moved == 0 {
            return Err(taken_over());
        }
        let mut insert = transaction.prepare("INSERT INTO rows VALUES (?1, ?2, ?3, ?4)")?;
        for row in rows {
            insert.execute((&self.file, self.attempt, &row.id, row.amount))?;
        }
        drop(insert);
        Ok(transaction.commit()?)
    }
}

/// What an attempt says that has lost its turn. Most often nobody listens, since another one runs; it is
/// retried nevertheless, as it may be an older one that began late and took the turn.
fn taken_over() -> ActivityError {
    eprintln!("another attempt has taken over");
    let failure = ApplicationFailure::builder("another attempt of this import has begun");
    ActivityError::application(failure.type_name("TakenOver".to_owned()).build())
}

/// The rows of a file, one a line, `id,amount`.
pub(crate) fn read(file: &Path) -> Result<Vec<Row>, ActivityError> {
    let text = fs::read_to_string(file)?;
    text.lines().zip(1..).map(|(line, number)| parse(line).ok_or_else(|| bad_row(number))).collect()
}

fn parse(line: &str) -> Option<Row> {
    let (id, amount) = line.split_once(',')?;
    Some(Row { id: id.to_owned(), amount: amount.parse().ok()? })
}

/// No further attempt would read it otherwise.
fn bad_row(number: u64) -> ActivityError {
    let failure = ApplicationFailure::builder(format!("line {number} is not `id,amount`"))
        .type_name("BadRow".to_owned())
        .non_retryable(true)
        .build();
    ActivityError::application(failure)
}

/// 20,000 of them, always the same.
pub(crate) fn sample(path: PathBuf) -> io::Result<PathBuf> {
    let rows = (0..20_000).map(|row| format!("row-{row:05},{}\n", row * 37 % 1000));
    // Put in its place as a whole: another process may be reading it.
    let whole = path.with_extension(format!("{}.csv", std::process::id()));
    fs::write(&whole, rows.collect::<String>())?;
    fs::rename(whole, &path)?;
    Ok(path)
}
