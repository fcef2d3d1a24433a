use std::{sync::Arc, time::Duration};

use temporalio_common::{
    error::ApplicationFailure,
    protos::temporal::api::failure::v1::{ApplicationFailureInfo, failure::FailureInfo},
};

use super::*;
use crate::lease::scripted_server::{Codec, MARK, Said, ScriptedServer};

const LIMIT: Duration = Duration::from_secs(3);

async fn lane(server: &Arc<ScriptedServer>, codec: Codec) -> Lane {
    Lane { client: server.client(codec).await, token: b"token".to_vec() }
}

fn payload(data: &[u8]) -> Payload {
    Payload { data: data.to_vec(), ..Payload::default() }
}

fn details(data: &[u8]) -> Details {
    let mut details = Details::default();
    details.payloads.push(payload(data));
    details
}

/// One payload of this data, as it comes out of the codec that marks it.
fn marked(data: &[u8]) -> Payloads {
    Payloads { payloads: vec![payload(&[data, MARK].concat())] }
}

#[tokio::test(start_paused = true)]
async fn a_beat_names_the_attempt_and_itself_and_its_limit() {
    let server = ScriptedServer::new([]);
    let lane = lane(&server, Codec::Marks).await;
    let encoded = lane.encode(&details(b"3")).await.unwrap();
    assert_eq!(lane.beat(encoded, Instant::now() + LIMIT).await.unwrap(), Reply::GoOn);

    let calls = server.calls();
    let [beat] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert_eq!(beat.rpc, "RecordActivityTaskHeartbeat");
    assert!(beat.is_ours);
    assert_eq!(beat.limit, Some(LIMIT));
    let sent = RecordActivityTaskHeartbeatRequest {
        task_token: b"token".to_vec(),
        details: Some(marked(b"3")),
        identity: "worker".to_owned(),
        namespace: "namespace".to_owned(),
        ..Default::default()
    };
    assert_eq!(beat.read::<RecordActivityTaskHeartbeatRequest>(), sent);
}

#[tokio::test(start_paused = true)]
async fn a_beat_without_details_erases_none() {
    let server = ScriptedServer::new([]);
    // A codec may make something of nothing: it is not asked.
    let lane = lane(&server, Codec::Panics).await;
    let nothing = lane.encode(&Details::default()).await.unwrap();
    lane.beat(nothing, Instant::now() + LIMIT).await.unwrap();
    let sent: RecordActivityTaskHeartbeatRequest = server.calls()[0].read();
    assert_eq!(sent.details, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_beat_says_why_to_stop() {
    let answers = [
        ((false, false, false), Reply::GoOn),
        ((true, false, false), Reply::Stop(CancelReason::Requested)),
        ((false, true, false), Reply::Stop(CancelReason::Reset)),
        ((false, false, true), Reply::Stop(CancelReason::Paused)),
        // The server's request is what the attempt may answer: it goes before what only ends this attempt.
        ((true, true, true), Reply::Stop(CancelReason::Requested)),
        ((false, true, true), Reply::Stop(CancelReason::Reset)),
    ];
    for ((cancel_requested, activity_reset, activity_paused), reply) in answers {
        let answer = RecordActivityTaskHeartbeatResponse {
            cancel_requested,
            activity_reset,
            activity_paused,
        };
        let server = ScriptedServer::new([Said::message(&answer)]);
        let lane = lane(&server, Codec::Leaves).await;
        let answered = lane.beat(Payloads::default(), Instant::now() + LIMIT).await.unwrap();
        assert_eq!(answered, reply, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_beat_is_sent_once_and_says_what_it_was_refused_for() {
    let refused = async |code| {
        let server = ScriptedServer::new([Said::Refusal(code)]);
        let lane = lane(&server, Codec::Leaves).await;
        let answered = lane.beat(Payloads::default(), Instant::now() + LIMIT).await;
        assert_eq!(server.calls().len(), 1, "{code:?}");
        answered
    };
    let gone = refused(Code::NotFound).await.unwrap();
    assert_eq!(gone, Reply::Stop(CancelReason::NotFound));
    let load = refused(Code::ResourceExhausted).await.unwrap_err();
    assert!(load.is_for_load() && load.to_string().contains("as told"), "{load}");
    for code in [Code::Unavailable, Code::Internal, Code::PermissionDenied] {
        let other = refused(code).await.unwrap_err();
        assert!(!other.is_for_load() && other.to_string().contains("as told"), "{other}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_codec_that_fails_or_panics_is_an_error_of_the_beat() {
    for (codec, says) in [(Codec::Fails, "no keys"), (Codec::Panics, "the codec panicked")] {
        let lane = lane(&ScriptedServer::new([]), codec).await;
        let error = lane.encode(&details(b"3")).await.unwrap_err();
        assert!(error.to_string().contains(says) && !error.is_for_load(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_answer_names_the_attempt_and_carries_what_it_says() {
    let server = ScriptedServer::new([]);
    let lane = lane(&server, Codec::Marks).await;
    let failure = ApplicationFailure::builder("no such file")
        .type_name("Missing".to_owned())
        .non_retryable(true)
        .build();
    let failed = Answer::Failed(Failed::of(&failure));
    lane.say(&Answer::Completed(payload(b"17")), None).await.unwrap();
    lane.say(&failed, Some(&details(b"3"))).await.unwrap();
    lane.say(&failed, None).await.unwrap();
    lane.say(&Answer::Cancelled, None).await.unwrap();

    let calls = server.calls();
    let [completed, failed, without, cancelled] = calls.as_slice() else { panic!("four calls") };
    assert!(calls.iter().all(|call| call.is_ours));
    assert_eq!(completed.rpc, "RespondActivityTaskCompleted");
    let sent = RespondActivityTaskCompletedRequest {
        task_token: b"token".to_vec(),
        result: Some(marked(b"17")),
        identity: "worker".to_owned(),
        namespace: "namespace".to_owned(),
        ..Default::default()
    };
    assert_eq!(completed.read::<RespondActivityTaskCompletedRequest>(), sent);

    assert_eq!(failed.rpc, "RespondActivityTaskFailed");
    let mut sent: RespondActivityTaskFailedRequest = failed.read();
    let failure = sent.failure.take().unwrap();
    assert_eq!(failure.message, "no such file");
    let Some(FailureInfo::ApplicationFailureInfo(info)) = failure.failure_info else { panic!() };
    let ApplicationFailureInfo { r#type, non_retryable, .. } = info;
    assert_eq!((r#type.as_str(), non_retryable), ("Missing", true));
    let rest = RespondActivityTaskFailedRequest {
        task_token: b"token".to_vec(),
        identity: "worker".to_owned(),
        namespace: "namespace".to_owned(),
        last_heartbeat_details: Some(marked(b"3")),
        ..Default::default()
    };
    assert_eq!(sent, rest);
    let without: RespondActivityTaskFailedRequest = without.read();
    assert_eq!(without.last_heartbeat_details, None, "they would erase what is stored");

    assert_eq!(cancelled.rpc, "RespondActivityTaskCanceled");
    let sent = RespondActivityTaskCanceledRequest {
        task_token: b"token".to_vec(),
        identity: "worker".to_owned(),
        namespace: "namespace".to_owned(),
        ..Default::default()
    };
    assert_eq!(cancelled.read::<RespondActivityTaskCanceledRequest>(), sent);
}

/// A failure with details that are nothing, and the other answers.
fn all_answers() -> [Answer; 3] {
    let failed = Failed::of(&ApplicationFailure::new("no such file"));
    [Answer::Completed(payload(b"17")), Answer::Failed(failed), Answer::Cancelled]
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_says_so_after_one_call() {
    for answer in all_answers() {
        let server = ScriptedServer::new([Said::Refusal(Code::Unavailable)]);
        let lane = lane(&server, Codec::Leaves).await;
        let refused = lane.say(&answer, Some(&Details::default())).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{answer:?}");
        assert_eq!(server.calls().len(), 1, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_a_codec_that_fails_for_a_moment() {
    let server = ScriptedServer::new([]);
    let lane = lane(&server, Codec::Fails).await;
    let [completed, failed, _] = all_answers();
    let refused = lane.say(&completed, None).await.unwrap_err();
    assert!(may_pass(&refused) && refused.message().contains("no keys"), "{refused}");
    let refused = lane.say(&failed, Some(&details(b"3"))).await.unwrap_err();
    assert!(may_pass(&refused) && refused.message().contains("no keys"), "{refused}");
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn what_the_server_knows_or_never_takes_does_not_pass() {
    let passes = |code| may_pass(&Status::new(code, ""));
    for code in [Code::NotFound, Code::InvalidArgument, Code::FailedPrecondition] {
        assert!(!passes(code), "{code:?}");
    }
    assert!(!passes(Code::Unimplemented));
    for code in [Code::Unavailable, Code::ResourceExhausted, Code::DeadlineExceeded] {
        assert!(passes(code), "{code:?}");
    }
}
