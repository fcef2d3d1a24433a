//! What the server tells of a running activity, and how people read it.

use std::time::{Duration, SystemTime};

use autobeat::{Finished, Progress};
use indicatif::{HumanBytes, HumanCount};
use temporalio_common::protos::temporal::api::{
    activity::v1::ActivityExecutionInfo,
    common::v1::{Payload, Payloads},
    enums::v1::PendingActivityState,
    failure::v1::{Failure, failure::FailureInfo},
    workflow::v1::PendingActivityInfo,
};

use super::{codec::RemoteCodec, screen::Watched};

/// What the server tells of a running activity.
pub(crate) struct Told {
    pub key: String,
    activity_type: String,
    attempt: i32,
    state: PendingActivityState,
    failure: Option<Failure>,
    last_heartbeat: Option<SystemTime>,
    details: Option<Payloads>,
}

impl Told {
    /// Of one in a workflow: it is called after that and its id there.
    pub(crate) fn in_workflow(workflow_id: &str, pending: PendingActivityInfo) -> Self {
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
    pub(crate) fn alone(info: ActivityExecutionInfo) -> Self {
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

    pub(crate) fn is_about(&self, words: &str) -> bool {
        self.key.contains(words) || self.activity_type.contains(words)
    }

    /// As people see it, decoded where there is a codec for that.
    pub(crate) async fn read(self, codec: Option<&RemoteCodec>) -> Watched {
        let mut about: Vec<String> = vec![state_of(self.state, self.failure.as_ref()).to_owned()];
        let mut words = String::new();
        let mut details = self.details.map(|details| details.payloads).unwrap_or_default();
        if let Some(codec) = codec {
            details = codec.decode(details).await.unwrap_or_else(|error| {
                words = format!("not decoded: {error}");
                Vec::new()
            });
        }
        let progress: Option<Progress> =
            details.get(1).and_then(|it| serde_json::from_slice(&it.data).ok());
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
        words.extend(progress.and_then(|progress| progress.message));
        Watched { key: self.key, activity_type: self.activity_type, part, about, words }
            .on_one_line()
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

/// A detail that is nobody's progress: how many are done, or its beginning, or what else it is.
fn beginning(payload: &Payload) -> String {
    if let Ok(finished) = serde_json::from_slice::<Finished>(&payload.data) {
        return format!("{} done", HumanCount(finished.count()));
    }
    let encoding = payload.metadata.get("encoding").map(|it| String::from_utf8_lossy(it));
    match encoding.as_deref() {
        Some("binary/null") => String::new(),
        Some(encoding) if encoding.starts_with("binary/") => {
            format!("{} of {encoding}", HumanBytes(payload.data.len() as u64))
        }
        _ => String::from_utf8_lossy(&payload.data).chars().take(40).collect(),
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
