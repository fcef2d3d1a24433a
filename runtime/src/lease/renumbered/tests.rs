use std::sync::Arc;

use temporalio_common::{
    error::ApplicationFailure,
    protos::temporal::api::workflowservice::v1::{
        DescribeWorkflowExecutionResponse, RecordActivityTaskHeartbeatByIdResponse,
    },
};

use super::*;
use crate::lease::scripted_server::{Call, Codec, MARK, Said, ScriptedServer};

const STARTED: SystemTime = SystemTime::UNIX_EPOCH;
const SECOND: Duration = Duration::from_secs(1);

/// The third attempt of its activity, whose token the server refused.
fn third() -> Renumbered {
    Renumbered {
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
        activity_id: "5".to_owned(),
        started: STARTED,
        number: 3,
        is_refused: AtomicBool::new(true),
        is_known: AtomicBool::new(false),
        is_gone: AtomicBool::new(false),
        asking: Mutex::new(()),
    }
}

fn pending(activity_id: &str, number: i32, started: SystemTime) -> PendingActivityInfo {
    PendingActivityInfo {
        activity_id: activity_id.to_owned(),
        attempt: number,
        last_started_time: Some(started.into()),
        ..Default::default()
    }
}

#[test]
fn it_is_the_same_attempt_where_it_started_at_the_same_moment() {
    let third = third();
    let later = STARTED + Duration::from_nanos(1);
    assert_eq!(third.number_of(&pending("5", 1, STARTED)), Some(1));
    assert_eq!(third.number_of(&pending("5", 2, later)), None, "a later attempt after a reset");
    assert_eq!(third.number_of(&pending("6", 1, STARTED)), None, "another activity");
    let waiting = PendingActivityInfo { last_started_time: None, ..pending("5", 2, STARTED) };
    assert_eq!(third.number_of(&waiting), None, "none runs");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_forgotten_for_a_moment_goes_on_by_its_token() {
    let unchanged = || has(vec![pending("5", 3, STARTED)]);
    let server = ScriptedServer::new([unchanged(), unchanged()]);
    let (third, lane) = (third(), lane(&server).await);
    third.refused();
    let failed = beat(&third, &lane).await.unwrap_err();
    assert!(failed.to_string().contains("forgotten"), "{failed}");
    assert!(!third.is_refused() && !third.is_known() && !third.is_gone().await);
    third.refused();
    let unsaid = third.say(&lane, &Answer::Cancelled, None).await.unwrap_err();
    assert_eq!(unsaid.code(), Code::Unavailable, "it is said again, by its token");
    assert!(!third.is_refused());
    assert_eq!(server.names().len(), 2, "nothing is said by name");
}

async fn lane(server: &Arc<ScriptedServer>) -> Lane {
    Lane { client: server.client(Codec::Marks).await, token: b"token".to_vec() }
}

/// The server has activities that are these.
fn has(pending: Vec<PendingActivityInfo>) -> Said {
    Said::message(&DescribeWorkflowExecutionResponse {
        pending_activities: pending,
        ..Default::default()
    })
}

fn has_it() -> Said {
    has(vec![pending("4", 1, STARTED), pending("5", 1, STARTED)])
}

fn has_another() -> Said {
    has(vec![pending("5", 1, STARTED + SECOND)])
}

fn payload(data: &[u8]) -> Payload {
    Payload { data: data.to_vec(), ..Payload::default() }
}

fn payloads(data: &[u8]) -> Payloads {
    Payloads { payloads: vec![payload(data)] }
}

fn marked(data: &[u8]) -> Payloads {
    payloads(&[data, MARK].concat())
}

async fn beat(third: &Renumbered, lane: &Lane) -> Result<Reply, BeatError> {
    third.beat(lane, payloads(b"7"), Instant::now() + 4 * SECOND).await
}

/// The only call, and the question before it.
fn after_the_question(calls: &[Call]) -> &Call {
    let [question, call] = calls else { panic!("{} calls", calls.len()) };
    assert_eq!(question.rpc, "DescribeWorkflowExecution");
    assert!(question.is_ours && call.is_ours);
    let asked = DescribeWorkflowExecutionRequest {
        namespace: "namespace".to_owned(),
        execution: Some(WorkflowExecution {
            workflow_id: "workflow".to_owned(),
            run_id: "run".to_owned(),
        }),
    };
    assert_eq!(question.read::<DescribeWorkflowExecutionRequest>(), asked);
    call
}

/// A heartbeat by name.
fn by_name(details: Option<Payloads>) -> RecordActivityTaskHeartbeatByIdRequest {
    RecordActivityTaskHeartbeatByIdRequest {
        namespace: "namespace".to_owned(),
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
        activity_id: "5".to_owned(),
        details,
        identity: "worker".to_owned(),
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn it_beats_by_its_names_where_the_server_has_it_under_another_number() {
    let server = ScriptedServer::new([has_it()]);
    let (third, lane) = (third(), lane(&server).await);
    assert!(!third.is_known());
    assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::Reset));
    assert!(third.is_known() && !third.is_gone().await);

    let calls = server.calls();
    let call = after_the_question(&calls);
    assert_eq!(call.rpc, "RecordActivityTaskHeartbeatById");
    assert_eq!(call.limit, Some(4 * SECOND));
    assert_eq!(
        call.read::<RecordActivityTaskHeartbeatByIdRequest>(),
        by_name(Some(payloads(b"7")))
    );
}

#[tokio::test(start_paused = true)]
async fn a_beat_by_name_without_details_erases_none() {
    let server = ScriptedServer::new([has_it()]);
    let until = Instant::now() + SECOND;
    third().beat(&lane(&server).await, Payloads::default(), until).await.unwrap();
    let call: RecordActivityTaskHeartbeatByIdRequest = server.calls()[1].read();
    assert_eq!(call, by_name(None));
}

#[tokio::test(start_paused = true)]
async fn what_a_beat_by_name_is_answered_is_its_reply() {
    let answered = async |said| {
        let server = ScriptedServer::new([has_it(), said]);
        let answered = beat(&third(), &lane(&server).await).await;
        assert_eq!(server.calls().len(), 2, "it is sent once");
        answered
    };
    let requested =
        RecordActivityTaskHeartbeatByIdResponse { cancel_requested: true, ..Default::default() };
    let reply = answered(Said::message(&requested)).await.unwrap();
    assert_eq!(reply, Reply::Stop(CancelReason::Requested));
    let reply = answered(Said::Refusal(Code::NotFound)).await.unwrap();
    assert_eq!(reply, Reply::Stop(CancelReason::NotFound));
    assert!(answered(Said::Refusal(Code::ResourceExhausted)).await.unwrap_err().is_for_load());
    assert!(!answered(Said::Refusal(Code::Unavailable)).await.unwrap_err().is_for_load());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_by_name_where_the_server_has_another_attempt_or_none() {
    for said in [has_another(), has(vec![])] {
        let server = ScriptedServer::new([said]);
        let (third, lane) = (third(), lane(&server).await);
        assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::NotFound));
        assert!(third.is_gone().await && !third.is_known());
        third.say(&lane, &Answer::Cancelled, None).await.unwrap_err();
        assert_eq!(server.names(), ["DescribeWorkflowExecution"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_said_first_stands_where_it_does_not_answer_the_question() {
    let server = ScriptedServer::new([Said::Refusal(Code::Unavailable), has_it()]);
    let (third, lane) = (third(), lane(&server).await);
    third.refused();
    assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::NotFound));
    assert!(!third.is_gone().await, "nobody has said so");
    assert_eq!(server.names().len(), 1);
    assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::Reset));
}

#[tokio::test(start_paused = true)]
async fn once_it_was_found_a_question_that_is_not_answered_is_a_beat_that_failed() {
    for said in [Said::Refusal(Code::ResourceExhausted), Said::Silence] {
        let is_refused = matches!(said, Said::Refusal(_));
        let server = ScriptedServer::new([has_it(), Said::NOTHING, said, has_it()]);
        let (third, lane) = (third(), lane(&server).await);
        assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::Reset));
        let failed = beat(&third, &lane).await.unwrap_err();
        assert_eq!(failed.is_for_load(), is_refused, "{failed}");
        // A part of the time of a beat, which is four seconds here.
        assert!(is_refused || failed.to_string().contains("within 1s"), "{failed}");
        assert!(!third.is_gone().await, "nobody has said so");
        assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::Reset));
    }
    let server = ScriptedServer::new([has_it(), Said::NOTHING, has_another()]);
    let (third, lane) = (third(), lane(&server).await);
    assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::Reset));
    assert_eq!(beat(&third, &lane).await.unwrap(), Reply::Stop(CancelReason::NotFound));
    assert!(third.is_gone().await, "a later one has begun");
}

#[tokio::test(start_paused = true)]
async fn the_question_takes_a_part_of_the_time_of_a_beat_and_no_more_than_some_seconds() {
    for (time, taken) in [(4 * SECOND, SECOND), (60 * SECOND, LONGEST_QUESTION)] {
        let server = ScriptedServer::new([Said::Silence]);
        let (third, lane) = (third(), lane(&server).await);
        let began = Instant::now();
        let reply = third.beat(&lane, payloads(b"7"), began + time).await.unwrap();
        assert_eq!(reply, Reply::Stop(CancelReason::NotFound));
        // A timer is a millisecond late.
        assert_eq!(began.elapsed().as_millis() / 10, taken.as_millis() / 10);
    }
}

#[tokio::test(start_paused = true)]
async fn whether_it_is_gone_is_known_once_nobody_asks() {
    let server = ScriptedServer::new([Said::Silence]);
    let (third, lane) = (third(), lane(&server).await);
    let began = Instant::now();
    let (_, is_gone) = tokio::join!(beat(&third, &lane), third.is_gone());
    assert!(!is_gone);
    assert!(began.elapsed() >= SECOND);
}

#[test]
fn a_token_that_was_refused_stays_so() {
    let third = Renumbered { is_refused: AtomicBool::new(false), ..third() };
    assert!(!third.is_refused());
    third.refused();
    assert!(third.is_refused());
}

/// What is said when the server still has the attempt; the calls after the question.
async fn said(answer: &Answer, left: Option<&Details>, script: Vec<Said>) -> Vec<Call> {
    let server = ScriptedServer::new([has_it()].into_iter().chain(script));
    third().say(&lane(&server).await, answer, left).await.unwrap();
    let mut calls = server.calls();
    assert!(calls.iter().all(|call| call.is_ours));
    assert_eq!(calls.remove(0).rpc, "DescribeWorkflowExecution");
    calls
}

fn details(data: &[u8]) -> Details {
    let mut details = Details::default();
    details.payloads.push(payload(data));
    details
}

fn failed() -> Answer {
    Answer::Failed(Failed::of(&ApplicationFailure::new("no such file")))
}

#[tokio::test(start_paused = true)]
async fn a_result_is_said_by_name() {
    let calls = said(&Answer::Completed(payload(b"17")), Some(&details(b"7")), vec![]).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].rpc, "RespondActivityTaskCompletedById");
    let sent = RespondActivityTaskCompletedByIdRequest {
        namespace: "namespace".to_owned(),
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
        activity_id: "5".to_owned(),
        identity: "worker".to_owned(),
        result: Some(marked(b"17")),
        ..Default::default()
    };
    assert_eq!(calls[0].read::<RespondActivityTaskCompletedByIdRequest>(), sent);
}

#[tokio::test(start_paused = true)]
async fn the_details_of_a_failure_go_before_it() {
    let calls = said(&failed(), Some(&details(b"7")), vec![]).await;
    let [before, failure] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert_eq!(
        before.read::<RecordActivityTaskHeartbeatByIdRequest>(),
        by_name(Some(marked(b"7")))
    );
    assert_eq!(failure.rpc, "RespondActivityTaskFailedById");
    let mut sent: RespondActivityTaskFailedByIdRequest = failure.read();
    assert_eq!(sent.failure.take().unwrap().message, "no such file");
    let rest = RespondActivityTaskFailedByIdRequest {
        namespace: "namespace".to_owned(),
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
        activity_id: "5".to_owned(),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    assert_eq!(sent, rest);
    let calls = said(&failed(), None, vec![]).await;
    assert_eq!(calls.len(), 1, "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_said_by_name() {
    let calls = said(&Answer::Cancelled, None, vec![]).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].rpc, "RespondActivityTaskCanceledById");
    let sent = RespondActivityTaskCanceledByIdRequest {
        namespace: "namespace".to_owned(),
        workflow_id: "workflow".to_owned(),
        run_id: "run".to_owned(),
        activity_id: "5".to_owned(),
        identity: "worker".to_owned(),
        ..Default::default()
    };
    assert_eq!(calls[0].read::<RespondActivityTaskCanceledByIdRequest>(), sent);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_where_the_server_has_another_attempt_or_says_nothing() {
    for (said, code) in
        [(has_another(), Code::NotFound), (Said::Refusal(Code::Unavailable), Code::Unavailable)]
    {
        let server = ScriptedServer::new([said]);
        let answer = third().say(&lane(&server).await, &failed(), Some(&details(b"7"))).await;
        assert_eq!(answer.unwrap_err().code(), code);
        assert_eq!(server.names(), ["DescribeWorkflowExecution"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_says_so() {
    for answer in [Answer::Completed(payload(b"17")), failed(), Answer::Cancelled] {
        let server = ScriptedServer::new([has_it(), Said::Refusal(Code::Unavailable)]);
        let refused = third().say(&lane(&server).await, &answer, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{answer:?}");
        assert_eq!(server.calls().len(), 2, "{answer:?}");
    }
}
