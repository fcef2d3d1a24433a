//! Shows the running activities of a namespace, live: bar, rate, time left, attempt, last heartbeat.
//!
//! ```console
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch
//! $ TEMPORAL_ADDRESS=localhost:7233 cargo run --example watch -- import
//! ```
//!
//! It reads what the server knows of every activity, in a workflow or without one, in whichever language
//! it is written: the `Progress` beside a checkpoint where there is one, else the beginning of its details.

use std::{
    fmt::Display,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use autobeat::{Finished, Progress};
use autobeat_examples::{Ending, end, listen, server};
use clap::Parser;
use console::{Alignment, Term, measure_text_width, pad_str, style, truncate_str};
use futures_util::TryStreamExt;
use indicatif::{HumanBytes, HumanCount};
use temporalio_client::{
    ActivityDescribeOptions, ActivityExecutionInfoLike, ActivityListOptions, Client,
    NamespacedClient, UntypedWorkflow, WorkflowDescribeOptions, WorkflowListOptions,
    errors::ClientError, tonic::Code,
};
use temporalio_common::{
    data_converters::{ActivitySerializationContext, SerializationContextData},
    protos::temporal::api::{
        activity::v1::ActivityExecutionInfo,
        common::v1::{Payload, Payloads},
        enums::v1::PendingActivityState,
        failure::v1::{Failure, failure::FailureInfo},
        workflow::v1::PendingActivityInfo,
    },
};
use tokio::time::sleep;

const NAME: &str = "watch";

/// How wide a window has to be for a bar, and how wide that is; a narrow one shows the percentage alone.
const BARS: [(usize, usize); 2] = [(120, 24), (72, 10)];

/// What the server tells of a running activity.
struct Told {
    key: String,
    activity_type: String,
    attempt: i32,
    state: PendingActivityState,
    failure: Option<Failure>,
    last_heartbeat: Option<SystemTime>,
    details: Option<Payloads>,
}

impl Told {
    /// Of one in a workflow: it is called after that and its id there.
    fn in_workflow(workflow_id: &str, pending: PendingActivityInfo) -> Self {
        Self {
            key: format!("{workflow_id}/{}", pending.activity_id),
            state: pending.state(),
            activity_type: pending.activity_type.unwrap_or_default().name,
            attempt: pending.attempt,
            failure: pending.last_failure,
            last_heartbeat: pending.last_heartbeat_time.and_then(|it| it.try_into().ok()),
            details: pending.heartbeat_details,
        }
    }

    /// Of one without.
    fn alone(info: ActivityExecutionInfo) -> Self {
        Self {
            state: info.run_state(),
            key: info.activity_id,
            activity_type: info.activity_type.unwrap_or_default().name,
            attempt: info.attempt,
            failure: info.last_failure,
            last_heartbeat: info.last_heartbeat_time.and_then(|it| it.try_into().ok()),
            details: info.heartbeat_details,
        }
    }

    fn is_about(&self, words: &str) -> bool {
        self.key.contains(words) || self.activity_type.contains(words)
    }

    /// As people see it; what a codec has encoded the client's own one decodes.
    async fn read(self, client: &Client) -> Watched {
        let payloads = self.details.map(|details| details.payloads).unwrap_or_default();
        let data = SerializationContextData::Activity(ActivitySerializationContext::new());
        let codec = client.data_converter().codec();
        let details = codec.decode(&data, payloads.clone()).await.unwrap_or(payloads);
        let mut about: Vec<String> = vec![state_of(self.state, self.failure.as_ref()).to_owned()];
        let progress = details.get(1).and_then(|it| serde_json::from_slice(&it.data).ok());
        match &progress {
            Some(progress) => about.extend(described(progress)),
            None => about.extend(details.first().map(beginning)),
        }
        let beaten = self.last_heartbeat.and_then(|it| SystemTime::now().duration_since(it).ok());
        about.push(beaten.map_or_else(
            || "no heartbeat yet".to_owned(),
            |age| format!("heartbeat {} ago", time(age)),
        ));
        about.push(format!("attempt {}", self.attempt));
        about.retain(|part| !part.is_empty());
        let part = progress.as_ref().and_then(part_of);
        Watched { key: self.key, activity_type: self.activity_type, part, about }
    }
}

/// What a person should know of its state; nothing where it simply runs.
fn state_of(state: PendingActivityState, failure: Option<&Failure>) -> &'static str {
    let stalled = matches!(
        failure.and_then(|failure| failure.failure_info.as_ref()),
        Some(FailureInfo::ApplicationFailureInfo(info)) if info.r#type == "ActivityStalled"
    );
    match state {
        PendingActivityState::Paused | PendingActivityState::PauseRequested => "PAUSED",
        PendingActivityState::CancelRequested => "cancelling",
        PendingActivityState::Scheduled if stalled => "STALLED, waits for its next attempt",
        PendingActivityState::Scheduled => "waits for a worker",
        _ if stalled => "STALLED before",
        _ => "",
    }
}

/// A detail that is nobody's progress: how many are done, or its beginning.
fn beginning(payload: &Payload) -> String {
    match serde_json::from_slice::<Finished>(&payload.data) {
        Ok(finished) => format!("{} done", HumanCount(finished.count())),
        Err(_) => String::from_utf8_lossy(&payload.data).chars().take(40).collect(),
    }
}

/// How much of it is done, from 0 to 1.
fn part_of(progress: &Progress) -> Option<f64> {
    let total = progress.total.filter(|total| *total > 0)?;
    // Percents need no more digits than these have.
    #[allow(clippy::cast_precision_loss)]
    Some((progress.done as f64 / total as f64).min(1.0))
}

fn described(progress: &Progress) -> Vec<String> {
    let unit = progress.unit.as_deref().unwrap_or_default();
    let done = match progress.total {
        Some(total) => format!("{} of {}", amount(progress.done, ""), amount(total, unit)),
        None => amount(progress.done, unit),
    };
    let mut parts = vec![done];
    parts.extend(progress.message.clone());
    parts.extend(progress.rate.filter(|rate| *rate > 0.0).map(|it| rate(it, unit)));
    parts.extend(progress.time_left().map(|left| format!("{} left", time(left))));
    parts
}

fn amount(count: u64, unit: &str) -> String {
    match unit {
        "bytes" => HumanBytes(count).to_string(),
        "" => HumanCount(count).to_string(),
        unit => format!("{} {unit}", HumanCount(count)),
    }
}

/// In a second; or in a minute or an hour, where that is less than one.
fn rate(each_second: f64, unit: &str) -> String {
    let periods = [(1.0, "s"), (60.0, "min"), (3600.0, "h")];
    let fits = |(length, _): &(f64, &str)| each_second * length >= 1.0;
    let (length, period) = periods.into_iter().find(fits).unwrap_or(periods[2]);
    let rate = each_second * length;
    if rate < 10.0 && unit != "bytes" {
        let space = if unit.is_empty() { "" } else { " " };
        return format!("{rate:.1}{space}{unit}/{period}");
    }
    // What is above ten has no fractions, and is no negative number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = rate.round() as u64;
    format!("{}/{period}", amount(whole, unit))
}

/// Two of its units at most: `4.2 s`, `42 s`, `3 min 20 s`, `45 min`, `5 h 12 min`, `2 d 3 h`.
fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |large: u64, small: u64, names: [&str; 2]| {
        let (count, rest) = (seconds / large, seconds % large / small);
        let rest = if rest > 0 { format!(" {rest} {}", names[1]) } else { String::new() };
        format!("{count} {}{rest}", names[0])
    };
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..600 => two(60, 1, ["min", "s"]),
        600..3_600 => two(60, 60, ["min", ""]),
        3_600..86_400 => two(3_600, 60, ["h", "min"]),
        _ => two(86_400, 3_600, ["d", "h"]),
    }
}

/// Everything that runs in the namespace, as far as it is wanted.
async fn running(client: &Client, arguments: &Arguments) -> Result<Vec<Watched>, Ending> {
    let mut told = in_workflows(client, &arguments.query("ExecutionStatus = 'Running'")).await?;
    told.extend(alone(client, &arguments.query("CloseTime IS NULL")).await?);
    told.retain(|activity| activity.is_about(&arguments.about));
    told.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let mut watched = Vec::new();
    for activity in told {
        watched.push(activity.read(client).await);
    }
    Ok(watched)
}

async fn in_workflows(client: &Client, query: &str) -> Result<Vec<Told>, Ending> {
    let workflows = client.list_workflows(query, WorkflowListOptions::default());
    let workflows: Vec<_> = workflows.try_collect().await.map_err(failed)?;
    let mut told = Vec::new();
    for workflow in workflows {
        let handle = client.get_workflow_handle::<UntypedWorkflow>(workflow.id());
        // One that has ended meanwhile has nothing to show.
        let Ok(description) = handle.describe(WorkflowDescribeOptions::default()).await else {
            continue;
        };
        let pending = description.raw_description.pending_activities.into_iter();
        told.extend(pending.map(|pending| Told::in_workflow(workflow.id(), pending)));
    }
    Ok(told)
}

async fn alone(client: &Client, query: &str) -> Result<Vec<Told>, Ending> {
    let activities = client.list_activities(query, ActivityListOptions::default());
    let activities: Vec<_> = match activities.try_collect().await {
        // A server before 1.31 has none.
        Err(ClientError::Rpc(status)) if status.code() == Code::Unimplemented => return Ok(vec![]),
        listed => listed.map_err(failed)?,
    };
    let mut told = Vec::new();
    for activity in activities {
        let handle = client.get_untyped_activity_handle(activity.activity_id(), None);
        let options = ActivityDescribeOptions::builder()
            .include_heartbeat_details(true)
            .include_last_failure(true)
            .build();
        // As above.
        if let Ok(description) = handle.describe(options).await {
            told.push(Told::alone(description.raw_info().clone()));
        }
    }
    Ok(told)
}

fn failed(error: impl Display) -> Ending {
    Ending::failed(error)
}

/// The running activities of a namespace, live.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only those with this in their type, their id, or that of their workflow
    #[arg(default_value = "", hide_default_value = true)]
    about: String,
    /// Only those of this task queue; of a workflow, its own one counts
    #[arg(long)]
    task_queue: Option<String>,
    /// How often to look
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// Look so many times and end [default: until Ctrl-C]
    #[arg(long)]
    looks: Option<u64>,
}

impl Arguments {
    fn query(&self, running: &str) -> String {
        let quoted =
            |queue: &String| format!("{running} AND TaskQueue = '{}'", queue.replace('\'', "''"));
        self.task_queue.as_ref().map_or_else(|| running.to_owned(), quoted)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    listen();
    end(NAME, watch(Arguments::parse()).await)
}

async fn watch(arguments: Arguments) -> Result<(), Ending> {
    let client = server::connect().await?;
    let mut screen = Screen { terminal: Term::buffered_stdout(), shown: 0 };
    let looking = async {
        for _ in 0..arguments.looks.unwrap_or(u64::MAX) {
            let watched = running(&client, &arguments).await?;
            screen.show(&watched).map_err(failed)?;
            sleep(arguments.every).await;
        }
        Ok(())
    };
    tokio::select! {
        looked = looking => looked,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// One running activity, as people see it.
struct Watched {
    key: String,
    activity_type: String,
    /// How much of it is done.
    part: Option<f64>,
    /// All that stands beside its name and its bar, what matters most first.
    about: Vec<String>,
}

impl Watched {
    fn name(&self) -> String {
        format!("{} {}", style(&self.activity_type).bold(), self.key)
    }

    /// A line for a window of this width, with the name in so many columns.
    fn line(&self, width: usize, columns: usize) -> String {
        let name = self.name();
        let name = pad_str(&name, columns, Alignment::Left, Some("…"));
        let mut line = format!("{name}{} ", self.bar(width));
        for (index, part) in self.about.iter().enumerate() {
            let space = if index > 0 { " · " } else { "" };
            let rest = if index + 1 < self.about.len() { " · …" } else { "" };
            // Whole parts alone: the beginning of a number reads as another number.
            if measure_text_width(&format!("{line}{space}{part}{rest}")) > width {
                line = format!("{line}{space}…");
                break;
            }
            line = format!("{line}{space}{part}");
        }
        truncate_str(&line, width, "…").into_owned()
    }

    /// As wide for all of a window, so that what follows stands in a column.
    fn bar(&self, width: usize) -> String {
        let (_, length) = BARS.into_iter().find(|(least, _)| width >= *least).unwrap_or_default();
        let Some(part) = self.part else {
            return " ".repeat(if length > 0 { length + 7 } else { 0 });
        };
        // The part is at most 1.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss
        )]
        let of = |length: usize| (part * length as f64) as usize;
        let (full, rest) = ("█".repeat(of(length)), "░".repeat(length - of(length)));
        let space = if length > 0 { " " } else { "" };
        format!("{space}{}{} {:>3} %", style(full).cyan(), style(rest).blue(), of(100))
    }
}

/// Lines that replace each other on a terminal, and follow each other elsewhere.
struct Screen {
    terminal: Term,
    shown: usize,
}

impl Screen {
    fn show(&mut self, watched: &[Watched]) -> std::io::Result<()> {
        let mut lines = match self.terminal.size_checked() {
            // The last column and row stay free: what is written there may move all of it.
            Some((rows, columns)) => {
                fitting(watched, usize::from(rows) - 1, usize::from(columns) - 1)
            }
            None => watched
                .iter()
                .map(|it| format!("{}: {}", it.name(), it.about.join(" · ")))
                .collect(),
        };
        if lines.is_empty() {
            lines.push("no activity is running".to_owned());
        }
        self.terminal.clear_last_lines(self.shown)?;
        for line in &lines {
            self.terminal.write_line(line)?;
        }
        self.shown = if self.terminal.is_term() { lines.len() } else { 0 };
        self.terminal.flush()
    }
}

/// Lines for a window of this size.
fn fitting(watched: &[Watched], rows: usize, width: usize) -> Vec<String> {
    let names = watched.iter().map(|activity| measure_text_width(&activity.name()));
    let columns = names.max().unwrap_or_default().min(width / 2);
    let mut lines: Vec<_> = watched.iter().map(|activity| activity.line(width, columns)).collect();
    if lines.len() > rows {
        let hidden = lines.len() - (rows - 1);
        lines.truncate(rows - 1);
        lines.push(format!("… and {hidden} more"));
    }
    lines
}
