use temporalio_common::protos::temporal::api::{
    namespace::v1::{NamespaceInfo, namespace_info::Limits as LimitsOfServer},
    workflowservice::v1::DescribeNamespaceResponse,
};

use super::*;
use crate::lease::scripted_server::{Codec, Said, ScriptedServer};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn those_of_connections_that_are_gone_are_forgotten() {
    let mut limits = Limits::default();
    let held = limits.of(0, "files".to_owned());
    for connection in 1..=10_000 {
        limits.of(connection, "files".to_owned());
    }
    assert!(limits.0.len() <= 100, "{} are kept", limits.0.len());
    let again = limits.of(0, "files".to_owned());
    assert!(Arc::ptr_eq(&held.answered, &again.answered), "asked once");
}

#[test]
fn one_that_is_there_makes_room_for_none() {
    let mut limits = Limits::default();
    for connection in 1..=MOST_UNUSED {
        limits.of(connection as u128, "files".to_owned());
    }
    limits.of(1, "files".to_owned());
    assert_eq!(limits.0.len(), MOST_UNUSED);
    limits.of(0, "files".to_owned());
    assert_eq!(limits.0.len(), 1);
}

fn answer(limit: i64) -> Said {
    let limits = LimitsOfServer { blob_size_limit_error: limit, ..Default::default() };
    let info = NamespaceInfo { limits: Some(limits), ..Default::default() };
    let namespace_info = Some(info);
    Said::message(&DescribeNamespaceResponse { namespace_info, ..Default::default() })
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_for_once_and_shared_by_all_of_a_connection() {
    let server = ScriptedServer::new([answer(1_000)]);
    let client = server.client(Codec::Leaves).await;
    let limit = SizeLimit::of(&client);
    assert!(!limit.is_known());
    assert_eq!(limit.so_far(), 2 * 1024 * 1024);
    limit.ask(&client, 9 * SECOND).await;
    assert!(limit.is_known());
    assert_eq!(limit.so_far(), 1_000);

    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].rpc, "DescribeNamespace");
    let asked: DescribeNamespaceRequest = calls[0].read();
    assert_eq!(asked.namespace, "namespace");
    assert_eq!(calls[0].limit, Some(30 * SECOND));

    SizeLimit::of(&client).ask(&client, 9 * SECOND).await;
    assert_eq!(SizeLimit::of(&client).so_far(), 1_000);
    assert_eq!(server.calls().len(), 0, "it is known");
    let other = ScriptedServer::new([]).client(Codec::Leaves).await;
    assert!(!SizeLimit::of(&other).is_known(), "another connection to a namespace of this name");
}

#[tokio::test(start_paused = true)]
async fn a_long_timeout_gives_the_question_a_part_of_it() {
    let server = ScriptedServer::new([]);
    let client = server.client(Codec::Leaves).await;
    SizeLimit::default().ask(&client, 600 * SECOND).await;
    assert_eq!(server.calls()[0].limit, Some(60 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_none_has_the_default_one() {
    for said in [Said::NOTHING, answer(0), answer(-1)] {
        let client = ScriptedServer::new([said]).client(Codec::Leaves).await;
        let limit = SizeLimit::default();
        limit.ask(&client, SECOND).await;
        assert!(limit.is_known());
        assert_eq!(limit.so_far(), DEFAULT);
    }
    for code in [Code::PermissionDenied, Code::Unimplemented] {
        let client = ScriptedServer::new([Said::Refusal(code)]).client(Codec::Leaves).await;
        let limit = SizeLimit::default();
        limit.ask(&client, SECOND).await;
        assert!(limit.is_known(), "it will not say more: {code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refused_is_asked_again_after_a_rest() {
    let server = ScriptedServer::new([Said::Refusal(Code::ResourceExhausted), answer(1_000)]);
    let client = server.client(Codec::Leaves).await;
    let limit = SizeLimit::default();
    limit.ask(&client, SECOND).await;
    assert!(!limit.is_known());
    tokio::time::advance(Duration::from_millis(999)).await;
    limit.ask(&client, SECOND).await;
    assert_eq!(server.calls().len(), 1, "it has enough to do");
    tokio::time::advance(Duration::from_millis(1)).await;
    limit.ask(&client, SECOND).await;
    assert_eq!((server.calls().len(), limit.so_far()), (1, 1_000));
}

#[tokio::test(start_paused = true)]
async fn only_what_could_be_too_large_waits_for_it_and_for_a_quarter_of_its_time() {
    let server = ScriptedServer::new([Said::Silence, answer(1_000)]);
    let client = server.client(Codec::Leaves).await;
    let limit = SizeLimit::default();
    let began = Instant::now();
    assert_eq!(limit.for_size(64 * 1024, &client, 8 * SECOND).await, DEFAULT);
    assert_eq!((server.calls().len(), began.elapsed()), (0, Duration::ZERO));
    assert_eq!(limit.for_size(64 * 1024 + 1, &client, 8 * SECOND).await, DEFAULT);
    assert_eq!((server.calls().len(), began.elapsed().as_secs()), (1, 2));
    assert_eq!(limit.for_size(64 * 1024 + 1, &client, 8 * SECOND).await, 1_000);
}
