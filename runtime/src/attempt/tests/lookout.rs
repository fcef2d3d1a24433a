//! Bodies that block a thread of their runtime, on the real clock: a paused one has one thread alone.

use std::thread;

use super::*;

const TIMEOUT: Duration = Duration::from_millis(900);

/// How long a body blocks: for more than the timeout.
const BLOCK: Duration = Duration::from_millis(1_500);

/// The time between two beats, with what the lookout lets pass before it wakes anybody; and half an
/// interval, since the machine may be busy.
const LONGEST_GAP: Duration = Duration::from_millis(300 + 200 + 150);

/// A worker's runtime, one thread of which sleeps while the other one is blocked.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn brief() -> Facts {
    Facts { heartbeat_timeout: Some(TIMEOUT), ..facts() }
}

/// Runs a body that blocks, on a worker's thread; when its beats went out.
fn beats_of<F>(body: impl FnOnce(Checkpoint<u64>) -> F + Send + 'static) -> Vec<Duration>
where
    F: Future<Output = Result<(), ActivityError>> + Send + 'static,
{
    let (announce, ended) = std::sync::mpsc::channel();
    // Nobody waits on the runtime itself: that would be one more thread that looks after its timers.
    let runtime = runtime();
    runtime.spawn(async move {
        let lease = friendly();
        let running =
            attempt(Options::new(TIMEOUT), brief(), &lease, |checkpoint, _| body(checkpoint));
        let _ = announce.send((running.await, Arc::clone(&lease)));
    });
    let (result, lease) = ended.recv().unwrap();
    result.unwrap();
    lease.times()
}

fn are_steady(beats: &[Duration], until: Duration) -> bool {
    let first = [Duration::ZERO];
    let meanwhile = beats.iter().filter(|beat| **beat < until);
    let moments: Vec<_> = first.iter().chain(meanwhile).chain([&until]).collect();
    moments.windows(2).all(|pair| *pair[1] - *pair[0] <= LONGEST_GAP)
}

#[test]
fn a_body_that_blocks_its_thread_at_once_has_a_heartbeat() {
    let beats = beats_of(async |_| {
        thread::sleep(BLOCK);
        Ok(())
    });
    assert!(are_steady(&beats, BLOCK), "{beats:?}");
}

#[test]
fn a_body_that_blocks_whoever_looks_after_timers_has_a_heartbeat() {
    let beats = beats_of(async |_| {
        // Woken by the thread that waits for timers and sockets, which then runs what it woke.
        sleep(Duration::from_millis(50)).await;
        thread::sleep(BLOCK);
        Ok(())
    });
    assert!(are_steady(&beats, BLOCK), "{beats:?}");
}

#[test]
fn a_commit_before_a_body_blocks_goes_out_while_it_does() {
    let beats = beats_of(async |checkpoint| {
        let _ = checkpoint.commit(1).now_or_never();
        thread::sleep(BLOCK);
        Ok(())
    });
    assert!(beats[0] < Duration::from_millis(150), "the commit: {beats:?}");
    assert!(are_steady(&beats, BLOCK), "{beats:?}");
}
