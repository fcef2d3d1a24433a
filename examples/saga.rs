//! Books a trip in long steps, and takes back what was booked when it is cancelled.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example saga -- --cancel-after 3s
//! ```
//!
//! A step that is cancelled half-way takes back its own part, once; the workflow takes back the steps
//! before it, the last one first.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use autobeat::{Cancellation, Checkpoint, activity};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowCancellationToken, WorkflowContext, WorkflowResult, WorkflowTermination,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::{fs::OpenOptions, io::AsyncWriteExt, time::sleep};

const NAME: &str = "saga";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trip {
    seats: u64,
    pause: Duration,
    /// Where everything that is booked and taken back is written down.
    book: PathBuf,
}

/// Books the hotel.
#[activity(heartbeat_timeout = "5s", start_to_close_timeout = "1m")]
async fn book_hotel(trip: Trip) -> Result<(), ActivityError> {
    Ok(write_down(&trip.book, "hotel booked").await?)
}

/// Takes the hotel back.
#[activity(heartbeat_timeout = "5s", start_to_close_timeout = "1m")]
async fn cancel_hotel(trip: Trip) -> Result<(), ActivityError> {
    Ok(write_down(&trip.book, "hotel cancelled").await?)
}

/// Books one seat after another, which takes long.
#[activity(heartbeat_timeout = "3s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn book_seats(
    checkpoint: Checkpoint<u64>,
    cancellation: Cancellation,
    trip: Trip,
) -> Result<u64, ActivityError> {
    for seat in checkpoint.resume(0..trip.seats) {
        match seat {
            Ok(seat) => {
                write_down(&trip.book, &format!("seat {seat} booked")).await?;
                sleep(trip.pause).await;
            }
            Err(cancelled) => {
                if cancelled.is_requested() {
                    cancellation.shield(cancel_seats(&trip, checkpoint.get())).await?;
                }
                return Err(cancelled.into());
            }
        }
    }
    Ok(trip.seats)
}

/// Takes back what this step has done so far.
async fn cancel_seats(trip: &Trip, seats: u64) -> io::Result<()> {
    for seat in (0..seats).rev() {
        write_down(&trip.book, &format!("seat {seat} cancelled")).await?;
    }
    Ok(())
}

async fn write_down(book: &Path, line: &str) -> io::Result<()> {
    println!("{line}");
    let mut file = OpenOptions::new().create(true).append(true).open(book).await?;
    file.write_all(format!("{line}\n").as_bytes()).await?;
    file.flush().await
}

#[workflow]
#[derive(Default)]
struct SagaWorkflow;

impl SagaWorkflow {
    async fn book(ctx: &mut WorkflowContext<Self>, trip: &Trip) -> WorkflowResult<u64> {
        ctx.execute_activity(book_hotel, trip.clone(), book_hotel.options()).await?;
        Ok(ctx.execute_activity(book_seats, trip.clone(), book_seats.options()).await?)
    }
}

#[workflow_methods]
impl SagaWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, trip: Trip) -> WorkflowResult<u64> {
        let booked = Self::book(ctx, &trip).await;
        if booked.is_err() {
            // In a scope of its own: that of the workflow is cancelled. Where the hotel was never
            // booked there is nothing to take back, and to say so twice does no harm.
            let mut options = cancel_hotel.options();
            options.cancellation_token = Some(WorkflowCancellationToken::new());
            ctx.execute_activity(cancel_hotel, trip, options).await?;
        }
        if booked.is_err() && ctx.cancellation_token().is_cancelled() {
            return Err(WorkflowTermination::cancelled());
        }
        booked
    }
}

/// Books a trip in long steps, and takes back what was booked when it is cancelled.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seats to book
    #[arg(long, default_value_t = 20)]
    seats: u64,
    /// How long each seat takes
    #[arg(long, default_value = "300ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    /// Cancel the workflow after this long
    #[arg(long, value_parser = humantime::parse_duration)]
    cancel_after: Option<Duration>,
    /// Where all of it is written down [default: a file in the folder for temporary files]
    #[arg(long)]
    book: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, book(Arguments::parse()).await)
}

async fn book(Arguments { seats, pause, cancel_after, book }: Arguments) -> Result<(), Ending> {
    let book = book.unwrap_or_else(|| env::temp_dir().join("autobeat-bookings.txt"));
    fs::write(&book, "").map_err(|error| Ending::failed(format!("{}: {error}", book.display())))?;
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<SagaWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(book_hotel)
        .register_activities(cancel_hotel)
        .register_activities(book_seats)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let input = Trip { seats, pause, book };
    let (workflow, id) = (SagaWorkflow::run, NAME.to_owned());
    let run = server::Run { workflow, input, id, restart: true };
    let cancel_after = cancel_after.unwrap_or(Duration::MAX);
    match server::run_and_cancel(worker, run, cancel_after).await? {
        Some(seats) => println!("booked, with {seats} seats"),
        None => println!("cancelled, and everything taken back"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use autobeat::{
        CancelReason,
        testing::{CancelCheck, ResumeCheck},
    };

    use super::*;

    struct World {
        folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn trip(&self) -> Trip {
            let book = self.folder.path().join("book");
            Trip { seats: 5, pause: Duration::from_millis(300), book }
        }

        fn lines(&self) -> Vec<String> {
            let text = fs::read_to_string(self.trip().book).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        }

        /// Everything that was booked is taken back, once, where it was cancelled for good.
        fn is_clean(&self, reason: CancelReason) -> bool {
            let lines = self.lines();
            let count = |word| lines.iter().filter(|line| line.ends_with(word)).count();
            let taken_back = if reason == CancelReason::Requested { count("booked") } else { 0 };
            count("cancelled") == taken_back
        }
    }

    #[test]
    fn it_resumes() {
        let check = ResumeCheck::in_world(book_seats, World::new, World::trip);
        check.effects(World::lines).repeats_at_most(1).run();
    }

    #[test]
    fn it_takes_back_what_it_booked() {
        let check = CancelCheck::in_world(book_seats, World::new, World::trip);
        check.effects(World::lines).cleaned_up(World::is_clean).run();
    }
}
