//! Workers in other languages hand over to ours, and take over from it: by the details that their SDKs
//! write, which a worker by hand here sends as theirs would.

use std::{collections::HashSet, time::Duration};

use autobeat::{Progress, Seen};
use autobeat_tests::{
    activities::Plan,
    environment::{Environment, Run, eventually},
    languages::{AUTOBEAT, FOUND, Fixture, Keeps, LANGUAGES, NOTHING, Written},
    ledger::{Ledger, Record},
    workflows::Outcome,
};
use futures_util::future::join_all;
use temporalio_client::{Client, NamespacedClient, grpc::WorkflowService, tonic::IntoRequest};
use temporalio_common::{
    data_converters::{
        GenericPayloadConverter, PayloadConverter, SerializationContext, SerializationContextData,
    },
    protos::temporal::api::{
        common::v1::{Payload, Payloads},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{
            PollActivityTaskQueueRequest, PollActivityTaskQueueResponse,
            RecordActivityTaskHeartbeatRequest, RespondActivityTaskFailedRequest,
        },
    },
};

use crate::LIMIT;

/// What ours makes of details.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// It goes on from this.
    Found(&'static str),
    /// It begins at the beginning.
    Nothing,
    /// It fails by name, and the details stay.
    Bad,
}

use Expected::{Bad, Found, Nothing};

const STATE: Expected = Found(r#"{"last_id":"order-42","rows":42}"#);
const CAMEL_STATE: Expected = Found(r#"{"lastId":"order-42","rows":42}"#);
const FINISHED: Expected = Found(r#"{"up_to":5,"beyond":[[7,9],[12,13]]}"#);
const HALF: Expected = Found(r#"{"done":42,"total":100,"unit":"rows"}"#);

/// What another language wrote, which activity finds it, and what that one makes of it.
const TAKEN_OVER: &[(&str, &str, Expected)] = &[
    ("number", "number", Found("42")),
    ("large number", "number", Found("9007199254740993")),
    ("text", "text", Found(r#""order-42""#)),
    ("text", "number", Bad),
    ("list", "list", Found(r#"[42,"order-42"]"#)),
    ("bytes", "bytes", Found("[0,1,254,255]")),
    ("bytes", "number", Bad),
    ("null", "number", Nothing),
    ("nothing", "number", Nothing),
    ("null", "state in snake case", Nothing),
    ("state", "state in snake case", STATE),
    ("state in snake case", "state in snake case", STATE),
    ("state in camel case", "state in snake case", STATE),
    ("state in camel case", "state in camel case", CAMEL_STATE),
    ("state in snake case", "state in camel case", Bad),
    ("progress", "progress", HALF),
    ("progress", "number", Bad),
    ("number and text", "number", Found("42")),
    ("number and progress", "number", Found("42")),
    ("null and progress", "number", Nothing),
    ("finished", "finished", FINISHED),
    ("finished without ranges", "finished", Found(r#"{"up_to":5}"#)),
    ("protobuf", "state in snake case", Bad),
];

/// Java and Python write a number with a fraction as one, also where that is zero.
fn floating_number(language: &str) -> Expected {
    if ["java", "python"].contains(&language) { Bad } else { Found("42") }
}

/// A heartbeat of another language, and the activity that takes over from it.
struct Case {
    heartbeat: &'static str,
    name: String,
    details: Vec<Payload>,
    activity: &'static str,
    expected: Expected,
}

/// All that there are of what one language wrote.
fn cases(language: &str) -> Vec<Case> {
    let written = Written::read(language);
    let floating = ("floating number", "number", floating_number(language));
    let mut cases = Vec::new();
    for &(heartbeat, activity, expected) in TAKEN_OVER.iter().chain([&floating]) {
        let Some(details) = written.details.get(heartbeat) else { continue };
        let name = format!("{language}, {heartbeat}, {activity}");
        let details = details.iter().map(Fixture::payload).collect();
        cases.push(Case { heartbeat, name, details, activity, expected });
    }
    let known: HashSet<_> = TAKEN_OVER.iter().chain([&floating]).map(|case| case.0).collect();
    let unknown: Vec<_> = written.details.keys().filter(|it| !known.contains(&***it)).collect();
    assert!(unknown.is_empty(), "{language}: nobody takes over from {unknown:?}");
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_languages_left_is_taken_over() {
    let Some(environment) = Environment::open().await else { return };
    let cases: Vec<_> = LANGUAGES.into_iter().flat_map(cases).collect();
    let written: HashSet<_> = cases.iter().map(|case| case.heartbeat).collect();
    assert!(TAKEN_OVER.iter().all(|(heartbeat, ..)| written.contains(heartbeat)));

    let starting = cases.iter().enumerate().map(|(number, case)| start(&environment, number, case));
    let started = join_all(starting).await;
    // All before the first of them fails: its next attempt is for ours.
    let tasks = join_all(cases.iter().map(|_| poll(&environment))).await;
    join_all(tasks.into_iter().map(async |task| {
        let workflow = task.workflow_execution.clone().unwrap_or_default().workflow_id;
        let number = started.iter().position(|it| it.id == workflow).expect("one of them");
        beat_and_fail(environment.client(), task, &cases[number].details).await;
    }))
    .await;
    let _worker = environment.worker_of(Keeps).await;
    for (case, started) in cases.iter().zip(&started) {
        started.is_taken_over(case).await;
    }
}

struct Started {
    id: String,
    ledger: Ledger,
    run: Run,
}

async fn start(environment: &Environment, number: usize, case: &Case) -> Started {
    let id = format!("{}-{number}", environment.name());
    let ledger = Ledger::new(environment.ledger().path().with_extension(number.to_string()));
    let mut job = environment.job(case.activity, Plan::new(&ledger, 0, Duration::ZERO));
    // Time for all of them to be polled.
    job.heartbeat_timeout = Duration::from_secs(20);
    job.retry_interval = Duration::from_secs(2);
    let run = environment.start_as(&id, job).await;
    Started { id, ledger, run }
}

impl Started {
    async fn is_taken_over(&self, case: &Case) {
        let name = &case.name;
        let expected = match case.expected {
            Found(state) => format!("{FOUND}{state}"),
            Nothing => NOTHING.to_owned(),
            Bad => return self.is_left_alone(case).await,
        };
        assert_eq!(self.run.outcome().await, Outcome::Completed(0), "{name}");
        let first = self.ledger.entries().into_iter().next().map(|entry| entry.record);
        assert_eq!(first, Some(Record::Note(expected)), "{name}");
    }

    /// It fails by name before its body begins, and what is stored stays.
    async fn is_left_alone(&self, case: &Case) {
        let failed = async || {
            let pending = self.run.pending().await.expect("it is tried again");
            matches!(
                pending.last_failure.as_ref()?.failure_info.as_ref()?,
                FailureInfo::ApplicationFailureInfo(info) if info.r#type == "BadCheckpoint"
            )
            .then_some(pending.heartbeat_details)
        };
        let stored = eventually(&case.name, LIMIT, failed).await;
        assert_eq!(stored.unwrap_or_default().payloads, case.details, "{}", case.name);
        assert!(self.ledger.entries().is_empty(), "{}: its body began", case.name);
        self.run.terminate().await;
    }
}

/// Takes an attempt, as a worker of any language would.
async fn poll(environment: &Environment) -> PollActivityTaskQueueResponse {
    let mut client = environment.client().clone();
    let request = PollActivityTaskQueueRequest {
        namespace: client.namespace(),
        task_queue: Some(TaskQueue { name: environment.activity_queue(), ..Default::default() }),
        identity: "another language".to_owned(),
        ..Default::default()
    };
    client.poll_activity_task_queue(request.into_request()).await.expect("an attempt").into_inner()
}

/// Sends a heartbeat with these details, and fails, so that the next attempt begins.
async fn beat_and_fail(client: &Client, task: PollActivityTaskQueueResponse, details: &[Payload]) {
    let mut client = client.clone();
    let (namespace, task_token) = (client.namespace(), task.task_token);
    // Without details there are no payloads at all, as the SDKs send it.
    let details = (!details.is_empty()).then(|| Payloads { payloads: details.to_vec() });
    let beat = RecordActivityTaskHeartbeatRequest {
        namespace: namespace.clone(),
        task_token: task_token.clone(),
        details,
        ..Default::default()
    };
    client.record_activity_task_heartbeat(beat.into_request()).await.expect("a heartbeat");
    let info = ApplicationFailureInfo { r#type: "Stopped".to_owned(), ..Default::default() };
    let failure = Failure {
        message: "stopped midway".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Default::default()
    };
    let failed = RespondActivityTaskFailedRequest {
        namespace,
        task_token,
        failure: Some(failure),
        ..Default::default()
    };
    client.respond_activity_task_failed(failed.into_request()).await.expect("a failure");
}

/// The programs of the other languages read that file, each with the default converter of its SDK.
///
/// With `AUTOBEAT_DETAILS=overwrite` it is written anew.
#[tokio::test(flavor = "multi_thread")]
async fn what_ours_leaves_is_what_other_languages_were_given_to_read() {
    let Some(environment) = Environment::open().await else { return };
    let _worker = environment.worker_of(Keeps).await;
    let given = Written::read(AUTOBEAT);
    let mut written = Written { written_by: AUTOBEAT.to_owned(), details: given.details.clone() };
    for (name, details) in &mut written.details {
        let id = format!("{}-{name}", environment.name());
        let mut job = environment.job(name, environment.plan(1, Duration::ZERO));
        // The first attempt fails, and there is time to look at what it left.
        job.retry_interval = LIMIT;
        let run = environment.start_as(&id, job).await;
        let left = async || {
            let failed = run.pending().await.filter(|pending| pending.attempt == 2)?;
            Some(failed.heartbeat_details.unwrap_or_default().payloads)
        };
        let left = eventually("what it left", LIMIT, left).await;
        *details = left.iter().map(Fixture::of).collect();
        run.terminate().await;
    }
    if std::env::var_os("AUTOBEAT_DETAILS").is_some_and(|order| order == "overwrite") {
        written.write(AUTOBEAT);
    } else {
        assert_eq!(written.details, given.details);
    }
}

#[test]
fn a_progress_is_seen_whoever_wrote_it() {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::None;
    let context = SerializationContext::new(&data, &converter);
    let half = Progress::new(42).of(100).unit("rows");
    for language in ["go", "python", AUTOBEAT] {
        let written = Written::read(language).details;
        for (name, checkpoint) in [("number and progress", Some(42)), ("null and progress", None)] {
            let payloads = written[name].iter().map(Fixture::payload).collect();
            let seen: Seen<u64> = converter.from_payloads(&context, payloads).expect("details");
            assert_eq!((seen.checkpoint, seen.progress), (checkpoint, Some(half.clone())));
        }
    }
}
