//! Shows the running activities of a namespace, live: bar, rate, time left, attempt, last heartbeat.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch
//! ```
//!
//! It reads what the server knows of every activity, in whichever language it is written: the
//! `Progress` beside a checkpoint where there is one, else the beginning of its details.

use std::{
    collections::HashMap,
    io::{IsTerminal, stdout},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use autobeat::Progress;
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use futures_util::TryStreamExt;
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use temporalio_client::{Client, UntypedWorkflow, WorkflowDescribeOptions, WorkflowListOptions};
use temporalio_common::protos::temporal::api::{
    common::v1::Payload, enums::v1::PendingActivityState, failure::v1::failure::FailureInfo,
    workflow::v1::PendingActivityInfo,
};
use tokio::time::sleep;

const NAME: &str = "watch";

/// One running activity, as the server knows it.
struct Watched {
    /// Its workflow and its id there.
    key: String,
    activity_type: String,
    attempt: i32,
    state: &'static str,
    last_heartbeat: Option<Duration>,
    progress: Option<Progress>,
    details: Option<String>,
}

impl Watched {
    fn new(workflow_id: &str, pending: &PendingActivityInfo) -> Self {
        let details = pending.heartbeat_details.as_ref().map_or(&[][..], |it| &it.payloads);
        let beaten = pending.last_heartbeat_time.and_then(|time| SystemTime::try_from(time).ok());
        Self {
            key: format!("{workflow_id}/{}", pending.activity_id),
            activity_type: pending.activity_type.clone().unwrap_or_default().name,
            attempt: pending.attempt,
            state: state_of(pending),
            last_heartbeat: beaten.and_then(|time| SystemTime::now().duration_since(time).ok()),
            progress: details.get(1).and_then(|it| serde_json::from_slice(&it.data).ok()),
            details: details.first().map(beginning),
        }
    }

    /// All that stands beside the bar.
    fn line(&self) -> String {
        let mut parts = vec![format!("attempt {}", self.attempt), self.state.to_owned()];
        match &self.progress {
            Some(progress) => parts.extend(described(progress)),
            None => parts.extend(self.details.clone()),
        }
        parts.push(self.last_heartbeat.map_or_else(
            || "no heartbeat yet".to_owned(),
            |age| format!("heartbeat {:.1} s ago", age.as_secs_f64()),
        ));
        parts.retain(|part| !part.is_empty());
        parts.join(" · ")
    }
}

/// What a person should know of its state; nothing where it simply runs.
fn state_of(pending: &PendingActivityInfo) -> &'static str {
    let failure = pending.last_failure.as_ref().and_then(|failure| failure.failure_info.as_ref());
    let stalled = matches!(
        failure,
        Some(FailureInfo::ApplicationFailureInfo(info)) if info.r#type == "ActivityStalled"
    );
    match pending.state() {
        PendingActivityState::Paused | PendingActivityState::PauseRequested => "PAUSED",
        PendingActivityState::CancelRequested => "cancelling",
        PendingActivityState::Scheduled if stalled => "STALLED, waits for its next attempt",
        PendingActivityState::Scheduled => "waits for a worker",
        _ if stalled => "STALLED before",
        _ => "",
    }
}

/// The beginning of a detail that is nobody's progress.
fn beginning(payload: &Payload) -> String {
    String::from_utf8_lossy(&payload.data).chars().take(40).collect()
}

fn described(progress: &Progress) -> Vec<String> {
    let unit = progress.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let of = progress.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let mut parts = vec![format!("{}{of}{unit}", progress.done)];
    parts.extend(progress.message.clone());
    parts.extend(progress.rate.map(|rate| format!("{rate:.1}{unit}/s")));
    parts.extend(progress.time_left().map(|left| format!("{} left", HumanDuration(left))));
    parts
}

/// Everything that runs in the namespace.
async fn running(client: &Client) -> Result<Vec<Watched>, Ending> {
    let failed = |error: &dyn std::fmt::Display| Ending::failed(error);
    let query = "ExecutionStatus = 'Running'";
    let workflows = client.list_workflows(query, WorkflowListOptions::default());
    let workflows: Vec<_> = workflows.try_collect().await.map_err(|error| failed(&error))?;
    let mut watched = Vec::new();
    for workflow in workflows {
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow.id());
        // One that has ended meanwhile has nothing to show.
        let Ok(description) = handle.describe(WorkflowDescribeOptions::default()).await else {
            continue;
        };
        let pending = &description.raw_description.pending_activities;
        watched.extend(pending.iter().map(|pending| Watched::new(workflow.id(), pending)));
    }
    watched.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    Ok(watched)
}

/// The running activities of a namespace, live.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often to look
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// Look so many times and end [default: until Ctrl-C]
    #[arg(long)]
    looks: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, watch(Arguments::parse()).await)
}

async fn watch(Arguments { every, looks }: Arguments) -> Result<(), Ending> {
    let client = server::connect().await?;
    let mut screen = Screen::default();
    let looking = async {
        for _ in 0..looks.unwrap_or(u64::MAX) {
            screen.show(&running(&client).await?);
            sleep(every).await;
        }
        Ok(())
    };
    tokio::select! {
        looked = looking => looked,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Bars on a terminal, plain lines elsewhere.
struct Screen {
    bars: Option<MultiProgress>,
    shown: HashMap<String, ProgressBar>,
    idle: ProgressBar,
}

impl Default for Screen {
    fn default() -> Self {
        let bars = stdout().is_terminal().then(MultiProgress::new);
        let idle = ProgressBar::new_spinner().with_message("no activity is running");
        Self { bars, shown: HashMap::new(), idle }
    }
}

impl Screen {
    fn show(&mut self, watched: &[Watched]) {
        if self.bars.is_none() {
            for activity in watched {
                println!("{} {}: {}", activity.key, activity.activity_type, activity.line());
            }
            if watched.is_empty() {
                println!("no activity is running");
            }
            return;
        }
        self.forget_ended(watched);
        self.show_idle(watched.is_empty());
        for activity in watched {
            let bar = self.bar_of(activity);
            if let Some(Progress { done, total: Some(total), .. }) = activity.progress {
                bar.set_length(total);
                bar.set_position(done);
            }
            bar.set_message(activity.line());
            bar.tick();
        }
    }

    fn forget_ended(&mut self, watched: &[Watched]) {
        self.shown.retain(|key, bar| {
            let runs = watched.iter().any(|activity| activity.key == *key);
            if !runs {
                bar.finish_and_clear();
            }
            runs
        });
    }

    fn show_idle(&mut self, is_idle: bool) {
        let Some(bars) = &self.bars else { return };
        if is_idle {
            self.idle = bars.add(self.idle.clone());
            self.idle.tick();
        } else {
            bars.remove(&self.idle);
        }
    }

    fn bar_of(&mut self, activity: &Watched) -> ProgressBar {
        let Self { bars, shown, .. } = self;
        let bar = shown.entry(activity.key.clone()).or_insert_with(|| {
            let bar = ProgressBar::new(1).with_style(style()).with_prefix(activity.key.clone());
            bars.as_ref().map_or(bar.clone(), |bars| bars.add(bar))
        });
        bar.clone()
    }
}

fn style() -> ProgressStyle {
    // The template is a constant, and its words are the library's.
    ProgressStyle::with_template("{prefix:.bold} {bar:24.cyan/blue} {percent:>3} % {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
