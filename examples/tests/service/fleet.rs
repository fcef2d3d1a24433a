//! The processes of the service, which are killed and frozen.

use std::{
    process::{Child, Command},
    time::{Duration, Instant},
};

use autobeat_tests::environment::eventually;

use super::{HEARTBEAT_TIMEOUT, LIMIT, Scene, WORKERS};

/// A process of the service, which is killed when it is dropped, also by a test that fails.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) frozen_until: Option<Instant>,
}

impl Process {
    fn freeze(&mut self, time: Duration) {
        self.signal("-STOP");
        self.frozen_until = Some(Instant::now() + time);
    }

    fn wake_in_time(&mut self) {
        if self.frozen_until.is_some_and(|time| time <= Instant::now()) {
            self.signal("-CONT");
            self.frozen_until = None;
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Several of its processes, which are killed and frozen.
pub(super) struct Fleet<'a> {
    pub(super) scene: &'a Scene,
    pub(super) processes: Vec<Process>,
    pub(super) random: fastrand::Rng,
}

impl Fleet<'_> {
    /// Interrupts one or another at random instants, so often at most, as long as there is a reason to.
    /// Returns how often.
    pub(super) async fn interrupt(&mut self, most: usize, goes_on: impl Fn() -> bool) -> usize {
        let (mut done, mut next) = (0, Instant::now());
        while done < most && goes_on() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.processes.iter_mut().for_each(Process::wake_in_time);
            if next <= Instant::now() && self.interrupt_one() {
                done += 1;
                next = Instant::now() + Duration::from_millis(self.random.u64(200..2_400));
            }
        }
        done
    }

    /// Interrupts one of them, unless it is asleep.
    fn interrupt_one(&mut self) -> bool {
        let process = &mut self.processes[self.random.usize(..WORKERS)];
        if process.frozen_until.is_some() {
            return false;
        }
        let ended = process.child.try_wait().unwrap();
        assert_eq!(ended, None, "it ended by itself: {:#?}", self.scene.lines("said"));
        match self.random.u8(..4) {
            // Another one takes its place, as wherever services run.
            0 | 1 => *process = self.scene.start("said", &["--worker"]),
            // It goes on.
            2 => process.freeze(Duration::from_millis(self.random.u64(50..1_200))),
            // It has lost all that it did when it wakes.
            _ => process.freeze(Duration::from_millis(self.random.u64(2_500..5_000))),
        }
        true
    }

    /// Freezes the one that imports, at a random instant, until another one has taken its turn and written
    /// some rows: it must not touch them when it wakes.
    pub(super) async fn overtake(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.random.u64(100..600))).await;
        let importing = async || self.scene.importing().await;
        let id = eventually("an import that runs", LIMIT, importing).await;
        let process = self.processes.iter().find(|process| process.child.id() == id).unwrap();
        let turn = self.scene.turn();
        process.signal("-STOP");
        // One that is frozen within a transaction lets nobody take its turn.
        let since = Instant::now();
        while self.scene.turn() <= turn && since.elapsed() < 5 * HEARTBEAT_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(self.random.u64(100..300))).await;
        process.signal("-CONT");
    }

    /// Waits until none is asleep.
    pub(super) async fn wakes(&mut self) {
        while self.processes.iter().any(|process| process.frozen_until.is_some()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.processes.iter_mut().for_each(Process::wake_in_time);
        }
    }
}
