//! Where one attempt is played: it counts what the body does, and makes happen what is to happen there.
//!
//! Invariants:
//! - what is to happen at a point happens within it, in the order in which it was written, whatever
//!   thread the body is on;
//! - after a crash nothing changes what the server holds, and whoever saves unwinds;
//! - nothing unwinds out of a save within a destructor that runs while something else unwinds, which
//!   would end the process.

use std::{
    panic::resume_unwind,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    thread,
};

use futures_util::{FutureExt, future::BoxFuture, task::AtomicWaker};
use temporalio_common::{
    data_converters::PayloadConverter, protos::temporal::api::common::v1::Payload,
};
use tokio_util::sync::CancellationToken;

use super::event::{Event, Point};
use crate::{
    attempt::Takes,
    cancel::{CancelReason, Cancellation},
    checkpoint::{Details, Source},
    lease::{
        Reply,
        scripted::{Line, ScriptedLease},
    },
    watch::Watch,
};

/// What unwinds out of a save at a crash; nobody but the kit looks at it.
struct Crash;

/// One attempt, from the outside.
pub(super) struct Stage {
    pub(super) server: ScriptedLease,
    /// Whether heartbeats go out by the clock; else only where the script has one.
    pub(super) is_timed: bool,
    /// Whether each saved value is written down.
    records: bool,
    course: Mutex<Course>,
    crash: CancellationToken,
    /// Whether it crashed, as a save asks for it.
    has_crashed: AtomicBool,
    body: OnceLock<Body>,
    /// Until when the body is not run, where it stalls.
    stall: Mutex<Option<BoxFuture<'static, ()>>>,
    panics: AtomicBool,
    waker: AtomicWaker,
}

/// The body, as soon as it begins.
struct Body {
    takes: Takes,
    source: Weak<dyn Source>,
    cancellation: Cancellation,
}

/// How far the attempt is.
#[derive(Default)]
struct Course {
    script: Vec<(Point, Event)>,
    saves: u64,
    gave_way: u64,
    saved: Vec<Payload>,
    held: Vec<Payload>,
    /// How many saves there were when the server got what it holds.
    held_after: u64,
    acknowledged: Option<Vec<Payload>>,
    /// How many saves there were when it was told to stop.
    told_after: Option<u64>,
    has_ended: bool,
}

/// What an attempt did, once it is over.
#[derive(Clone, Debug)]
pub(super) struct Traces {
    pub(super) saves: u64,
    pub(super) gave_way: u64,
    /// What was saved, where it was written down.
    pub(super) saved: Vec<Payload>,
    /// What the server holds: the details that a next attempt gets.
    pub(super) held: Vec<Payload>,
    /// How many saves it does not have.
    pub(super) lost: u64,
    /// What the newest acknowledged heartbeat carried.
    pub(super) acknowledged: Option<Vec<Payload>>,
    /// How often it saved after it was told to stop; `None` where it was not.
    pub(super) saves_after_told: Option<u64>,
    /// Whether the body was dropped before its end, although it could see why.
    pub(super) was_dropped: bool,
}

impl Stage {
    /// An attempt that starts from what the server holds.
    pub(super) fn new(held: Vec<Payload>, script: Vec<(Point, Event)>) -> Self {
        Self {
            server: ScriptedLease::friendly(),
            is_timed: false,
            records: false,
            course: Mutex::new(Course { script, held, ..Course::default() }),
            crash: CancellationToken::new(),
            has_crashed: AtomicBool::new(false),
            body: OnceLock::new(),
            stall: Mutex::new(None),
            panics: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Heartbeats go out by the clock.
    pub(super) fn timed(mut self) -> Self {
        self.is_timed = true;
        self
    }

    /// Each saved value is written down.
    pub(super) fn recording(mut self) -> Self {
        self.records = true;
        self
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the attempt did so far.
    pub(super) fn traces(&self) -> Traces {
        let course = self.course();
        let can_see = self.body.get().is_some_and(|body| body.takes.can_see_cancellation());
        Traces {
            saves: course.saves,
            gave_way: course.gave_way,
            saved: course.saved.clone(),
            held: course.held.clone(),
            lost: course.saves - course.held_after,
            acknowledged: course.acknowledged.clone(),
            saves_after_told: course.told_after.map(|told_after| course.saves - told_after),
            was_dropped: can_see && !course.has_ended,
        }
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.has_crashed.load(Ordering::Acquire)
    }

    /// Waits for a crash.
    pub(super) async fn crashed(&self) {
        self.crash.cancelled().await;
    }

    /// The server holds these details from now on.
    pub(super) fn hold(&self, details: &Details, is_acknowledged: bool) {
        if self.is_crashed() || details.is_empty() {
            return;
        }
        let mut course = self.course();
        course.held.clone_from(&details.payloads);
        course.held_after = details.version.min(course.saves);
        if is_acknowledged {
            course.acknowledged = Some(details.payloads.clone());
        }
    }

    /// Makes something happen now.
    pub(super) fn happen(&self, event: Event) {
        match event {
            Event::Crash => {
                self.has_crashed.store(true, Ordering::Release);
                self.crash.cancel();
            }
            Event::Heartbeat => self.beat(),
            Event::Cancel(reason) => self.tell(reason),
            Event::HeartbeatsFail => self.server.answer_ever_after(Line::Refusal),
            Event::HeartbeatsHang => self.server.answer_ever_after(Line::Silence),
            Event::HeartbeatsAreLate(time) => {
                self.server.answer_ever_after(Line::Late(time, Reply::GoOn));
            }
            Event::HeartbeatsRecover => {
                self.server.answer_ever_after(Line::Answer(Reply::GoOn));
            }
            Event::Stall => self.stall(),
            Event::Panic => self.panics.store(true, Ordering::Release),
        }
        self.waker.wake();
    }

    fn stalling(&self) -> MutexGuard<'_, Option<BoxFuture<'static, ()>>> {
        self.stall.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stall(&self) {
        let told = self.body.get().map(|body| body.cancellation.token().cancelled_owned());
        *self.stalling() = told.map(FutureExt::boxed);
    }

    fn newest(&self) -> Option<Details> {
        let body = self.body.get()?;
        match body.source.upgrade()?.newest(&PayloadConverter::default()) {
            Ok(details) => Some(details),
            Err(error) => {
                let reason = CancelReason::CheckpointInvalid;
                body.cancellation.cancel_with(reason, error.to_string());
                None
            }
        }
    }

    fn beat(&self) {
        if let Some(details) = self.newest() {
            self.hold(&details, true);
        }
    }

    fn tell(&self, reason: CancelReason) {
        let Some(body) = self.body.get() else { return };
        let mut course = self.course();
        course.told_after = course.told_after.or(Some(course.saves));
        drop(course);
        if reason == CancelReason::HandOver {
            // No engine knows of it, and no grace begins.
            body.cancellation.cancel(reason);
            return;
        }
        if is_answered(reason) {
            self.server.answer_ever_after(Line::Answer(Reply::Stop(reason)));
        }
        body.cancellation.cancel(reason);
        // Its grace begins.
        self.server.engine.cancel();
    }

    /// Goes on to a point, and has happen there what is to.
    fn reach(&self, point: impl FnOnce(&mut Course) -> Point) {
        let due: Vec<Event> = {
            let mut course = self.course();
            let point = point(&mut course);
            let due = course.script.extract_if(.., |(at, _)| *at == point);
            due.map(|(_, event)| event).collect()
        };
        for event in due {
            self.happen(event);
        }
    }

    fn panic_if_due(&self) {
        if self.panics.swap(false, Ordering::AcqRel) {
            // No message on the console: it is no failure of the test.
            resume_unwind(Box::new("a panic that the test asked for"));
        }
    }
}

/// Whether the answer to a heartbeat says this reason.
fn is_answered(reason: CancelReason) -> bool {
    use CancelReason::{NotFound, Paused, Requested, Reset};
    matches!(reason, Requested | Paused | Reset | NotFound)
}

impl Watch for Stage {
    fn begins(&self, takes: Takes, source: &Arc<dyn Source>, cancellation: &Cancellation) {
        let source = Arc::downgrade(source);
        let _ = self.body.set(Body { takes, source, cancellation: cancellation.clone() });
    }

    fn saved(&self) {
        if !self.is_crashed() {
            let written = self.records.then(|| self.newest()).flatten();
            self.reach(|course| {
                course.saves += 1;
                course
                    .saved
                    .extend(written.and_then(|details| details.payloads.into_iter().next()));
                Point::Save(course.saves)
            });
        }
        if thread::panicking() {
            return;
        }
        if self.is_crashed() {
            resume_unwind(Box::new(Crash));
        }
        self.panic_if_due();
    }

    fn commits(&self) {
        // By the clock its heartbeat goes out by itself.
        if !self.is_timed {
            self.beat();
        }
    }

    fn poll_run(&self, context: &mut Context<'_>) -> Poll<()> {
        self.waker.register(context.waker());
        if self.is_crashed() {
            return Poll::Pending;
        }
        let mut stalling = self.stalling();
        if let Some(stall) = stalling.as_mut() {
            ready!(stall.as_mut().poll(context));
            *stalling = None;
        }
        drop(stalling);
        self.panic_if_due();
        Poll::Ready(())
    }

    fn gave_way(&self) {
        self.reach(|course| {
            course.gave_way += 1;
            Point::GivesWay(course.gave_way)
        });
    }

    fn ended(&self) {
        self.course().has_ended = true;
    }
}
