//! The attempt as a handle: progress without a checkpoint.

use super::*;
use crate::{handle::Shows, progress::Progress, worker::NoCheckpoint};

/// The details that an attempt carried, as they are written.
fn written(details: &[Payload]) -> Vec<String> {
    details.iter().map(|payload| String::from_utf8_lossy(&payload.data).into_owned()).collect()
}

/// An attempt without a checkpoint that shows 1 at once and 2 after a second, and then sleeps.
async fn shows_and_sleeps(options: Options, facts: Facts, lease: &Arc<ScriptedLease>) -> Outcomes {
    let body = async |checkpoint: Checkpoint<NoCheckpoint>, cancellation: Cancellation| {
        let shows: Arc<dyn Shows> = checkpoint.shows();
        shows.tell(Progress::new(1).unit("blocks"));
        sleep(SECOND).await;
        shows.tell(Progress::new(2).unit("blocks"));
        cancellation.run_until_cancelled(sleep(10 * SECOND)).await?;
        Err::<(), _>(anyhow::anyhow!("failed as planned"))
    };
    let lease = Arc::clone(lease) as Arc<dyn Lease>;
    run(options, Takes::NOTHING.cancellation(), facts, lease, body).await
}

type Outcomes = Result<(), ActivityError>;

#[tokio::test(start_paused = true)]
async fn progress_without_a_checkpoint_leaves_the_first_detail_empty() {
    let lease = friendly();
    let result = shows_and_sleeps(OPTIONS, facts(), &lease).await;
    assert_eq!(failure_type(&result), "(none)");
    let beats = lease.beats();
    let (_, first) = &beats[0];
    assert_eq!(written(first), ["", r#"{"done":2,"unit":"blocks"}"#]);
    assert_eq!(first[0].metadata["encoding"], b"binary/null", "as every SDK writes nothing");
    assert_eq!(lease.left_text().as_deref(), Some(""), "the failure carries it, too");

    // A body of a later deployment that has a checkpoint finds none.
    let later = Facts { details: first.clone(), number: 2, ..facts() };
    let lease = friendly();
    let found = attempt(OPTIONS, later, &lease, async |checkpoint, _| {
        Ok((checkpoint.get(), checkpoint.is_resumed()))
    });
    assert_eq!(found.await.unwrap(), (0, false));
}

#[tokio::test(start_paused = true)]
async fn progress_leaves_the_checkpoint_of_an_earlier_deployment_as_it_was() {
    let lease = friendly();
    shows_and_sleeps(OPTIONS, resumed_from(7), &lease).await.unwrap_err();
    let beats = lease.beats();
    assert_eq!(written(&beats[0].1), ["7", r#"{"done":2,"unit":"blocks"}"#]);
    assert_eq!(lease.left(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn what_a_body_tells_takes_the_place_of_what_is_shown_of_its_checkpoint() {
    let lease = friendly();
    attempt(OPTIONS, facts(), &lease, async |checkpoint, _| {
        checkpoint.show_progress(|done| Progress::new(*done));
        checkpoint.save(3)?;
        checkpoint.shows().tell(Progress::new(40).of(100));
        sleep(4 * SECOND).await;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(written(&lease.beats()[0].1), ["3", r#"{"done":40,"total":100}"#]);
}

#[tokio::test(start_paused = true)]
async fn progress_that_is_shown_moves_the_work() {
    let stalls = OPTIONS.stall_timeout(5 * SECOND).cancel_grace(Grace::After(Duration::ZERO));
    let attempt = async |pause: Duration| {
        let began = Instant::now();
        let body = async |checkpoint: Checkpoint<NoCheckpoint>, _| {
            for done in 0..20 {
                checkpoint.shows().tell(Progress::new(done));
                sleep(pause).await;
            }
            Ok::<_, ActivityError>(())
        };
        let lease = friendly() as Arc<dyn Lease>;
        let result = run(stalls, Takes::NOTHING, facts(), lease, body).await;
        (began.elapsed(), result)
    };
    let (took, result) = attempt(2 * SECOND).await;
    result.unwrap();
    assert_eq!(took, 40 * SECOND);
    let (_, result) = attempt(30 * SECOND).await;
    assert_eq!(failure_type(&result), "ActivityStalled");
}
