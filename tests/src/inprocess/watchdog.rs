//! Notices a world whose time stands still because a task keeps its thread busy.
//!
//! A paused clock moves only when every task waits. A task that never does, and so would burn a
//! processor on a real clock, would hang the run here. It still yields now and then, so the world
//! can be ended from outside.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::sync::Notify;

use super::world::World;

/// How long, on a real clock, a world may go without a step.
const PATIENCE: Duration = Duration::from_secs(3);

/// Watches a world for as long as it lives.
pub(super) struct Watchdog {
    stuck: Arc<Notify>,
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    pub(super) fn over(world: &World) -> Self {
        let (alive, ends) = mpsc::channel::<()>();
        let stuck = Arc::new(Notify::new());
        let (world, barks) = (world.clone(), Arc::clone(&stuck));
        thread::spawn(move || {
            let mut steps = world.steps();
            while ends.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let now = world.steps();
                if now == steps {
                    barks.notify_one();
                }
                steps = now;
            }
        });
        Self { stuck, _alive: alive }
    }

    /// Waits until the world is stuck.
    pub(super) async fn barks(&self) {
        self.stuck.notified().await;
    }
}
