//! The lookout at moments that a test chooses, and a bell that it rings.

use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

/// A lookout without a thread, so that a test can say what time it is.
fn lookout() -> Lookout {
    Lookout { is_running: true, ..Lookout::default() }
}

/// How many tasks wait in a runtime to be run.
fn waiting(runtime: &Runtime) -> usize {
    runtime.metrics().num_alive_tasks()
}

/// A runtime whose only thread is blocked, until the sender is dropped.
fn blocked() -> (Runtime, mpsc::Sender<()>) {
    let runtime = runtime();
    let (release, held) = mpsc::channel::<()>();
    let (announce, begun) = mpsc::channel();
    runtime.spawn(async move {
        announce.send(()).unwrap();
        let _ = held.recv();
    });
    begun.recv().unwrap();
    (runtime, release)
}

#[test]
fn a_heartbeat_in_time_wakes_nobody() {
    let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
    let (post, _) = lookout.add(runtime.handle().clone());
    let id = runtime.handle().id();
    for second in 0..5 {
        let due = now + second * SECOND;
        lookout.expect(post, due);
        for at in [due, due + LATENESS / 2] {
            assert!(lookout.look(at).is_empty());
            assert!(lookout.runtimes[&id].waking.is_none(), "in time, or a little late");
        }
    }
    lookout.look(now + 4 * SECOND + LATENESS);
    assert!(lookout.runtimes[&id].waking.is_some(), "late");
}

#[test]
fn a_runtime_that_does_not_answer_has_one_task_waiting_and_is_named_once() {
    let ((runtime, _held), mut lookout, now) = (blocked(), lookout(), Instant::now());
    for due in [now, now + SECOND] {
        let (post, _) = lookout.add(runtime.handle().clone());
        lookout.expect(post, due);
    }
    let before = waiting(&runtime);
    let mut said = Vec::new();
    for tick in 0..60 {
        let at = now + LATENESS * tick;
        said.extend(lookout.look(at).into_iter().map(|silence| (at - now, silence)));
    }
    assert_eq!(waiting(&runtime), before + 1);
    let silence = Silence { silence: NOTABLE_SILENCE, heartbeats: 2 };
    assert_eq!(said, [(NOTABLE_SILENCE + LATENESS, silence)]);
}

#[test]
fn a_runtime_that_answers_late_is_not_named() {
    let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
    let (post, _) = lookout.add(runtime.handle().clone());
    let (_other, _) = lookout.add(runtime.handle().clone());
    lookout.expect(post, now);
    for tick in 1..60 {
        assert_eq!(lookout.look(now + LATENESS * tick), []);
        // It runs what it was given before it is looked at again.
        while waiting(&runtime) > 0 {
            thread::yield_now();
        }
    }
}

#[test]
fn a_process_that_was_stopped_is_not_said_to_block() {
    let ((runtime, _held), mut lookout, now) = (blocked(), lookout(), Instant::now());
    let (post, _) = lookout.add(runtime.handle().clone());
    lookout.expect(post, now);
    assert_eq!(lookout.look(now + LATENESS), []);
    assert_eq!(lookout.look(now + 60 * SECOND), [], "nobody ran meanwhile");
    assert_eq!(lookout.look(now + 60 * SECOND + LATENESS), []);
}

#[test]
fn all_are_gone_through_some_times_a_second_at_most() {
    let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
    let posts: Vec<_> = (0..1_000).map(|_| lookout.add(runtime.handle().clone()).0).collect();
    let mut looks = 0;
    for millisecond in 0..1_000 {
        let at = now + Duration::from_millis(millisecond);
        lookout.expect(posts[usize::try_from(millisecond).unwrap()], at);
        let before = lookout.looked_at;
        lookout.look(at + LATENESS);
        looks += usize::from(lookout.looked_at != before);
    }
    assert!(looks <= 21, "{looks} looks in a second");
}

#[test]
fn what_is_due_sooner_is_looked_at_sooner() {
    let (runtime, mut lookout, now) = (runtime(), lookout(), Instant::now());
    let (late, _) = lookout.add(runtime.handle().clone());
    let (soon, _) = lookout.add(runtime.handle().clone());
    lookout.expect(late, now + 9 * SECOND);
    lookout.expect(soon, now + SECOND);
    assert_eq!(lookout.looks_at, Some(now + SECOND + LATENESS));
    assert!(lookout.remove(soon).is_none() && !lookout.is_over());
    assert!(lookout.remove(late).is_some() && lookout.is_over());
    assert_eq!(lookout.looks_at, None, "nobody is left to look at");
    assert!(lookout.runtimes.is_empty(), "no runtime is remembered");
}

#[tokio::test]
async fn on_one_thread_a_heartbeat_is_woken_directly() {
    let bell = Arc::new(Notify::new());
    ring(&bell);
    assert_eq!(futures_util::FutureExt::now_or_never(bell.notified()), Some(()));
}

#[test]
fn on_several_threads_a_heartbeat_is_woken_from_outside_while_there_are_attempts() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let post = Post::take();
        let bell = Arc::new(Notify::new());
        ring(&bell);
        time::timeout(10 * SECOND, bell.notified()).await.expect("it is rung");
        drop(post);
    });
}
