//! Heartbeat details as workers in other languages write and read them.
//!
//! The folder `languages` beside this package's tests has what the default converters of their SDKs wrote,
//! and the programs that wrote it; and `autobeat.json`, which is ours, for those programs to read.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::anyhow;
use autobeat::{Attempt, Checkpoint, CheckpointState, Finished, Progress, activities};
use serde::{Deserialize, Serialize};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::{activities::Plan, ledger::Ledger};

/// The SDKs that wrote some, by the names of their files.
pub const LANGUAGES: [&str; 4] = ["go", "java", "python", "typescript"];

/// What is ours.
pub const AUTOBEAT: &str = "autobeat";

/// One of the files: the details of some heartbeats, each by what it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    /// The SDK and its version.
    pub written_by: String,
    /// The details of each heartbeat.
    pub details: BTreeMap<String, Vec<Fixture>>,
}

impl Written {
    fn path(language: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("languages");
        folder.join(language).with_extension("json")
    }

    /// What was written in a language.
    #[must_use]
    pub fn read(language: &str) -> Self {
        let text = fs::read(Self::path(language)).expect("what was written");
        serde_json::from_slice(&text).expect("details")
    }

    /// Replaces what was written in a language.
    pub fn write(&self, language: &str) {
        let text = serde_json::to_string_pretty(self).expect("text");
        fs::write(Self::path(language), text + "\n").expect("a file that can be written");
    }
}

/// One payload, as people can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixture {
    metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    /// Where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Fixture {
    /// What a payload is written as.
    #[must_use]
    pub fn of(payload: &Payload) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let metadata = payload.metadata.iter().map(|(key, value)| (key.clone(), text(value)));
        let data = String::from_utf8(payload.data.clone()).ok();
        let base64 = data.is_none().then(|| in_base64(&payload.data));
        Self { metadata: metadata.collect(), data, base64 }
    }

    /// The payload that it was.
    #[must_use]
    pub fn payload(&self) -> Payload {
        let metadata = self.metadata.iter().map(|(key, value)| (key.clone(), value.clone().into()));
        let data = match (&self.data, &self.base64) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(base64)) => of_base64(base64),
            _ => panic!("neither text nor base64: {self:?}"),
        };
        Payload { metadata: metadata.collect(), data, ..Payload::default() }
    }
}

/// As the JSON of a payload has it.
fn in_base64(bytes: &[u8]) -> String {
    let payload = Payload { data: bytes.to_vec(), ..Payload::default() };
    let json = serde_json::to_value(payload).expect("JSON");
    json["data"].as_str().expect("a text").to_owned()
}

fn of_base64(text: &str) -> Vec<u8> {
    let payload: Payload =
        serde_json::from_value(serde_json::json!({ "data": text })).expect("JSON");
    payload.data
}

/// A state, in the names that Rust and Python give to its fields; with those of the others as well, it is
/// read from every language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    #[serde(alias = "lastId", alias = "LastID")]
    last_id: String,
    #[serde(alias = "Rows")]
    rows: u64,
}

/// The same for a queue that it shares with workers in Java or TypeScript, which read their own names alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CamelState {
    last_id: String,
    rows: u64,
}

/// Activities that each keep a state of another type.
///
/// Each writes down what it found. One that has an item to do then saves a sample and fails.
#[derive(Debug)]
pub struct Keeps;

#[activities(heartbeat_timeout = "2s")]
impl Keeps {
    /// A number.
    #[activity(name = "number")]
    pub async fn number(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep(&checkpoint, 42, &context, &plan)
    }

    /// A number, with its progress beside it.
    #[activity(name = "number and progress")]
    pub async fn number_and_progress(
        checkpoint: Checkpoint<u64>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        checkpoint.show_progress(|done| Progress::new(*done).of(100).unit("rows"));
        keep(&checkpoint, 42, &context, &plan)
    }

    /// A progress alone.
    #[activity(name = "null and progress")]
    pub async fn null_and_progress(attempt: Attempt, _plan: Plan) -> Result<u64, ActivityError> {
        attempt.show(Progress::new(42).of(100).unit("rows"));
        Err(anyhow!("failed as planned").into())
    }

    /// A text.
    #[activity(name = "text")]
    pub async fn text(
        checkpoint: Checkpoint<String>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep(&checkpoint, "order-42".to_owned(), &context, &plan)
    }

    /// A number and a text, in a list.
    #[activity(name = "list")]
    pub async fn list(
        checkpoint: Checkpoint<(u64, String)>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep(&checkpoint, (42, "order-42".to_owned()), &context, &plan)
    }

    /// Bytes.
    #[activity(name = "bytes")]
    pub async fn bytes(
        checkpoint: Checkpoint<Vec<u8>>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep(&checkpoint, vec![0, 1, 254, 255], &context, &plan)
    }

    /// A state.
    #[activity(name = "state in snake case")]
    pub async fn state(
        checkpoint: Checkpoint<State>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let state = State { last_id: "order-42".to_owned(), rows: 42 };
        keep(&checkpoint, state, &context, &plan)
    }

    /// A state in the names of other languages.
    #[activity(name = "state in camel case")]
    pub async fn camel_state(
        checkpoint: Checkpoint<CamelState>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let state = CamelState { last_id: "order-42".to_owned(), rows: 42 };
        keep(&checkpoint, state, &context, &plan)
    }

    /// What a progress is, as the state itself.
    #[activity(name = "progress")]
    pub async fn progress(
        checkpoint: Checkpoint<Progress>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep(&checkpoint, Progress::new(42), &context, &plan)
    }

    /// Which of many are done, with gaps.
    #[activity(name = "finished")]
    pub async fn finished(
        checkpoint: Checkpoint<Finished>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        let finished = serde_json::from_str(r#"{"up_to":5,"beyond":[[7,9],[12,13]]}"#)?;
        keep::<Finished>(&checkpoint, finished, &context, &plan)
    }

    /// The same without gaps.
    #[activity(name = "finished without ranges")]
    pub async fn finished_without_ranges(
        checkpoint: Checkpoint<Finished>,
        context: ActivityContext,
        plan: Plan,
    ) -> Result<u64, ActivityError> {
        keep::<Finished>(&checkpoint, serde_json::from_str(r#"{"up_to":5}"#)?, &context, &plan)
    }
}

/// What is noted where nothing was found.
pub const NOTHING: &str = "found nothing";

/// What is noted where a state was found, before its JSON.
pub const FOUND: &str = "found ";

fn keep<T: CheckpointState>(
    checkpoint: &Checkpoint<T>,
    sample: T,
    context: &ActivityContext,
    plan: &Plan,
) -> Result<u64, ActivityError> {
    let scribe = Ledger::new(&plan.ledger).of_attempt(context.info().attempt)?;
    if checkpoint.is_resumed() {
        scribe.note(&format!("{FOUND}{}", serde_json::to_string(&checkpoint.get())?))?;
    } else {
        scribe.note(NOTHING)?;
    }
    if plan.items > 0 {
        checkpoint.save(sample)?;
        return Err(anyhow!("failed as planned").into());
    }
    Ok(0)
}
