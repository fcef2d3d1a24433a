//! Reads a text file line by line, however often it is killed.
//!
//! ```console
//! $ cargo run --example process_large_file -- FILE
//! ```
//!
//! Without FILE it makes a sample and takes a small pause a line, so that there is time to kill it.
//! With `TEMPORAL_ADDRESS` set, it is a worker and a workflow on that server.

use std::{
    env, fmt, fs,
    io::{self, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant, UNIX_EPOCH},
};

use autobeat::{Checkpoint, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, listen, server, show};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::{
    fs::File,
    io::{AsyncBufReadExt, AsyncSeekExt, BufReader},
    time::sleep,
};

/// What to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    path: PathBuf,
    pause: Duration,
}

/// Where the work stands: small, and all that a new attempt needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// Where the next line begins.
    offset: u64,
    lines: u64,
    words: u64,
    longest: Longest,
    /// CRC-32 over all lines so far, each with one line feed.
    checksum: u32,
    /// What the file looked like at the beginning.
    file: Fingerprint,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Longest {
    line: u64,
    characters: u64,
}

/// Tells a file from one that has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Fingerprint {
    bytes: u64,
    modified: u128,
}

/// Reads a file, one checkpoint a line, sent once a second.
#[activity(
    heartbeat_timeout = "5s",
    heartbeat_interval = "1s",
    start_to_close_timeout = "24h",
    cancel_grace = "500ms"
)]
async fn process_large_file(
    checkpoint: Checkpoint<Progress>,
    Job { path, pause }: Job,
) -> Result<Progress, ActivityError> {
    let mut progress = checkpoint.get();
    let (mut file, found) = open(&path).await?;
    if !checkpoint.is_resumed() {
        progress.file = found;
    } else if progress.file == found {
        eprintln!("resuming at line {} of {}", progress.lines + 1, path.display());
    } else {
        return Err(changed(&path, &progress));
    }
    file.seek(SeekFrom::Start(progress.offset)).await?;
    let mut file = BufReader::with_capacity(1 << 20, file);
    let total = progress.file.bytes;
    checkpoint.show_progress(move |progress| {
        autobeat::Progress::new(progress.offset).of(total).unit("bytes")
    });
    let _shown = show::bytes(checkpoint.clone(), total, |progress| progress.offset);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line).await? > 0 {
        progress.count(&line).map_err(|error| not_text(&path, &progress, &error))?;
        line.clear();
        if !pause.is_zero() {
            sleep(pause).await;
        }
        checkpoint.save(progress.clone())?;
    }
    Ok(progress)
}

impl Progress {
    /// Counts one line, as it was read.
    fn count(&mut self, raw: &[u8]) -> Result<(), std::str::Utf8Error> {
        let line = raw.strip_suffix(b"\n").unwrap_or(raw);
        let line = str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line))?;
        let mut checksum = crc32fast::Hasher::new_with_initial(self.checksum);
        checksum.update(line.as_bytes());
        checksum.update(b"\n");
        let characters = line.chars().count() as u64;
        self.offset += raw.len() as u64;
        self.lines += 1;
        self.words += line.split_whitespace().count() as u64;
        self.checksum = checksum.finalize();
        if characters > self.longest.characters {
            self.longest = Longest { line: self.lines, characters };
        }
        Ok(())
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  lines         {}", self.lines)?;
        writeln!(formatter, "  words         {}", self.words)?;
        let Longest { line, characters } = self.longest;
        writeln!(formatter, "  longest line  {characters} characters, line {line}")?;
        write!(formatter, "  checksum      {:08x} (CRC-32 of all lines)", self.checksum)
    }
}

/// Opens a file and says what it looks like; what another attempt cannot mend is not retried.
async fn open(path: &Path) -> Result<(File, Fingerprint), ActivityError> {
    let unusable = |error: io::Error| for_good("Unusable", format!("{}: {error}", path.display()));
    let file = File::open(path).await.map_err(unusable)?;
    let metadata = file.metadata().await.map_err(unusable)?;
    if !metadata.is_file() {
        return Err(for_good("Unusable", format!("{}: not a regular file", path.display())));
    }
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map_or(0, |age| age.as_nanos());
    Ok((file, Fingerprint { bytes: metadata.len(), modified }))
}

fn changed(path: &Path, progress: &Progress) -> ActivityError {
    let (path, line) = (path.display(), progress.lines);
    for_good(
        "Changed",
        format!("{path}: changed since its checkpoint at line {line}; --restart begins afresh"),
    )
}

fn not_text(path: &Path, progress: &Progress, error: &std::str::Utf8Error) -> ActivityError {
    let (path, line) = (path.display(), progress.lines + 1);
    for_good("NotText", format!("{path}: line {line} is not UTF-8: {error}"))
}

fn for_good(type_name: &str, message: String) -> ActivityError {
    let failure = ApplicationFailure::builder(message)
        .type_name(type_name.to_owned())
        .non_retryable(true)
        .build();
    ActivityError::application(failure)
}

/// The workflow around it, where there is a server.
#[workflow]
#[derive(Default)]
struct ProcessLargeFileWorkflow;

#[workflow_methods]
impl ProcessLargeFileWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<Progress> {
        let options = process_large_file.options();
        Ok(ctx.execute_activity(process_large_file, job, options).await?)
    }
}

/// Reads a text file line by line, however often it is killed.
#[derive(Debug, Parser)]
struct Arguments {
    /// The file; without one, a sample is made and read slowly
    file: Option<PathBuf>,
    /// Pause after each line [default: none, 10ms for the sample]
    #[arg(long, value_parser = humantime::parse_duration)]
    pause: Option<Duration>,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end("process_large_file", process(Arguments::parse()).await)
}

async fn process(arguments: Arguments) -> Result<(), Ending> {
    let began = Instant::now();
    let is_sample = arguments.file.is_none();
    let path = match arguments.file {
        Some(path) => path,
        None => sample().map_err(|error| Ending::failed(format!("no sample: {error}")))?,
    };
    // The same file has the same id from every folder.
    let path = fs::canonicalize(&path)
        .map_err(|error| Ending::failed(format!("{}: {error}", path.display())))?;
    let id =
        format!("process-large-file-{:08x}", crc32fast::hash(path.as_os_str().as_encoded_bytes()));
    let pause = arguments.pause.unwrap_or(Duration::from_millis(if is_sample { 10 } else { 0 }));
    let job = Job { path: path.clone(), pause };
    let worker = WorkerOptions::new("process-large-file")
        .register_workflow::<ProcessLargeFileWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(process_large_file)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let here = async |engine: &Embedded, job| engine.run(process_large_file, &id, job).await;
    let workflow = ProcessLargeFileWorkflow::run;
    let summary = arguments.place.run(&id, worker, workflow, job, here).await?;
    println!("{}\n{summary}", path.display());
    println!("  took          {:.1?} in this run", began.elapsed());
    Ok(())
}

/// Some thousand lines, always the same; written once, since a changed file is another one.
fn sample() -> io::Result<PathBuf> {
    const WORDS: [&str; 8] = [
        "a",
        "heartbeat",
        "carries",
        "where",
        "the",
        "work",
        "stands",
        "and-so-the-next-attempt-knows",
    ];
    let path = env::temp_dir().join("autobeat-sample.txt");
    let mut text = String::new();
    for line in 0..2700_usize {
        let words =
            (0..3 + line * 7 % 11).map(|word| WORDS[(line * 5 + word * word) % WORDS.len()]);
        text += &words.collect::<Vec<_>>().join(" ");
        text.push('\n');
    }
    if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
        fs::File::create(&path)?.write_all(text.as_bytes())?;
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck};

    use super::*;

    struct World {
        file: tempfile::NamedTempFile,
    }

    impl World {
        fn new() -> Self {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all("one\nand two\r\n\nand the last".as_bytes()).unwrap();
            // The result says when it was changed.
            file.as_file().set_modified(UNIX_EPOCH + Duration::from_secs(1)).unwrap();
            Self { file }
        }

        fn job(&self) -> Job {
            Job { path: self.file.path().to_owned(), pause: Duration::from_millis(10) }
        }
    }

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(process_large_file, World::new, World::job).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(process_large_file, World::new, World::job).run();
    }
}
