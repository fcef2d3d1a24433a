//! Fetches pages from a service that is often busy, sixteen at once, each tried again by itself.
//!
//! ```console
//! $ cargo run --example fetch_pages
//! ```
//!
//! A call that finds the service busy is made again after a while, by `backon`: its neighbours do not wait for
//! it. A page that is not there is counted, up to a limit. What stays busy fails the attempt, which is
//! Temporal's to retry, and the next one leaves out what is done.

use std::{
    collections::HashMap,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use autobeat::{Checkpoint, Finished, activity, embedded::Embedded};
use autobeat_examples::{Ending, Place, end, listen, server};
use backon::{ExponentialBuilder, Retryable};
use clap::Parser;
use serde::{Deserialize, Serialize};
use temporalio_sdk::{
    WorkerOptions, WorkflowContext, WorkflowResult,
    activities::ActivityError,
    workflows::{workflow, workflow_methods},
};
use tokio::time::sleep;

const NAME: &str = "fetch-pages";

/// How many calls are on their way at once.
const AT_ONCE: usize = 16;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Job {
    pages: u64,
    /// How many of them may be missing.
    may_be_missing: u64,
    /// How long the service takes.
    pause: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    finished: Finished,
    bytes: u64,
    missing: u64,
}

/// Fetches every page that no earlier attempt was done with.
#[activity(heartbeat_timeout = "5s", heartbeat_interval = "500ms", start_to_close_timeout = "1h")]
async fn fetch_pages(checkpoint: Checkpoint<State>, job: Job) -> Result<State, ActivityError> {
    let done = checkpoint.get().finished.count();
    if done > 0 {
        eprintln!("resuming with {done} pages done");
    }
    let service = Service::new(job.pause);
    let fetch = |page| fetch(&service, page);
    let mut pages =
        checkpoint.resume_concurrent_at(0..job.pages, AT_ONCE, |state| &mut state.finished, fetch);
    while let Some(answer) = pages.next().await {
        match answer? {
            Ok(bytes) => pages.state().bytes += bytes,
            Err(ServiceError::Missing(_)) if pages.state().missing < job.may_be_missing => {
                pages.state().missing += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(checkpoint.get())
}

/// One page, asked for again while the service is busy.
async fn fetch(service: &Service, page: u64) -> Result<u64, ServiceError> {
    let waits = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(2))
        .with_max_times(6)
        // So that those who found it busy together do not come back together.
        .with_jitter();
    (|| service.fetch(page)).retry(waits).sleep(sleep).when(ServiceError::is_busy).await
}

/// A service in this process, which two pages in three find busy at first.
struct Service {
    pause: Duration,
    calls: Mutex<HashMap<u64, u64>>,
}

#[derive(Debug, thiserror::Error)]
enum ServiceError {
    #[error("the service is busy")]
    Busy,
    #[error("page {0} is not there")]
    Missing(u64),
}

impl ServiceError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

impl Service {
    fn new(pause: Duration) -> Self {
        Self { pause, calls: Mutex::default() }
    }

    /// The length of a page. One in fifty is missing.
    async fn fetch(&self, page: u64) -> Result<u64, ServiceError> {
        sleep(self.pause).await;
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let call = calls.entry(page).and_modify(|calls| *calls += 1).or_default();
        match (*call < page % 3, page % 50) {
            (true, _) => Err(ServiceError::Busy),
            (false, 49) => Err(ServiceError::Missing(page)),
            (false, _) => Ok(1000 + page % 7),
        }
    }
}

#[workflow]
#[derive(Default)]
struct FetchPagesWorkflow;

#[workflow_methods]
impl FetchPagesWorkflow {
    #[run]
    async fn run(ctx: &mut WorkflowContext<Self>, job: Job) -> WorkflowResult<State> {
        Ok(ctx.execute_activity(fetch_pages, job, fetch_pages.options()).await?)
    }
}

/// Fetches pages from a service that is often busy, sixteen at once.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many pages there are
    #[arg(long, default_value_t = 2_000)]
    pages: u64,
    /// How many of them may be missing
    #[arg(long, default_value_t = 100)]
    may_be_missing: u64,
    /// How long the service takes for one
    #[arg(long, default_value = "30ms", value_parser = humantime::parse_duration)]
    pause: Duration,
    #[command(flatten)]
    place: Place,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, fetch_all(Arguments::parse()).await)
}

async fn fetch_all(arguments: Arguments) -> Result<(), Ending> {
    let Arguments { pages, may_be_missing, pause, place } = arguments;
    let worker = WorkerOptions::new(NAME)
        .register_workflow::<FetchPagesWorkflow>()
        .map_err(Ending::failed)?
        .register_activities(fetch_pages)
        .graceful_shutdown_period(server::SHUTDOWN_NOTICE)
        .build();
    let job = Job { pages, may_be_missing, pause };
    let here = async |engine: &Embedded, job| engine.run(fetch_pages, NAME, job).await;
    let state = place.run(NAME, worker, FetchPagesWorkflow::run, job, here).await?;
    println!("  fetched  {}", state.finished.count() - state.missing);
    println!("  missing  {}", state.missing);
    println!("  bytes    {}", state.bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use autobeat::testing::{CancelCheck, ResumeCheck, Trial};

    use super::*;

    fn job() -> Job {
        Job { pages: 120, may_be_missing: 2, pause: Duration::from_millis(10) }
    }

    #[test]
    fn it_resumes() {
        ResumeCheck::in_world(fetch_pages, || (), |()| job()).saves_tried(12).run();
    }

    #[test]
    fn it_stops() {
        CancelCheck::in_world(fetch_pages, || (), |()| job()).under_way(AT_ONCE as u64).run();
    }

    #[test]
    fn a_page_waits_for_the_service_and_no_other_waits_for_it() {
        let ended = Trial::of(fetch_pages, job()).run();
        let state = ended.output().unwrap();
        assert_eq!((state.finished.count(), state.missing), (120, 2));
        // 240 calls of 10 ms one after the other take 2.4 s, without the waits between them.
        assert!(ended.took() < Duration::from_secs(1), "{:?}", ended.took());
    }

    #[test]
    fn one_page_too_many_that_is_missing_fails_the_attempt_and_is_asked_for_again() {
        let ended = Trial::of(fetch_pages, Job { may_be_missing: 1, ..job() }).run();
        let failure = ended.failure().unwrap().to_string();
        assert!(failure.contains("is not there"), "{failure}");
        let state: State = ended.checkpoint().unwrap();
        assert_eq!(state.missing, 1);
        assert!(!(state.finished.contains(49) && state.finished.contains(99)), "{state:?}");
    }
}
