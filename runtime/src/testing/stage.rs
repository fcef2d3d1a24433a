//! Where one attempt is played: it counts what the body does, and makes happen what is to happen there.
//!
//! Invariants:
//! - what is to happen at a point happens within it, in the order in which it was written, whatever
//!   thread the body is on;
//! - after a crash nothing changes what the server holds, and whoever saves unwinds, once: a body that catches
//!   that is told by an error, and the check says so;
//! - nothing unwinds out of a save within a destructor, which would end the process or the test.

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
use temporalio_common::protos::temporal::api::common::v1::Payload;
use tokio_util::sync::CancellationToken;

use super::{
    ended::Traces,
    event::{Event, Point},
    grace::Grace,
    lease::newest,
    real_time::Stillness,
    unwinding::{Fate, Unwinding},
};
use crate::{
    attempt::Takes,
    cancel::{CancelReason, Cancellation},
    checkpoint::{Details, Source},
    lease::{
        Reply,
        scripted::{Line, ScriptedLease},
    },
    options::Options,
    watch::Watch,
};

/// What unwinds out of a save at a crash; nobody but the kit looks at it.
struct Crash;

/// One attempt, from the outside.
pub(super) struct Stage {
    pub(super) server: ScriptedLease,
    /// Whether heartbeats go out by the clock; else only where the script has one.
    pub(super) is_timed: bool,
    /// Whether its clock runs as the world's does.
    in_real_time: bool,
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
    unwinding: Unwinding,
    /// None where heartbeats go out by the clock: their task counts it.
    grace: Option<Grace>,
    stillness: Stillness,
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

impl Stage {
    /// An attempt that starts from what the server holds.
    pub(super) fn new(held: Vec<Payload>, script: Vec<(Point, Event)>) -> Self {
        Self {
            server: ScriptedLease::friendly(),
            is_timed: false,
            in_real_time: false,
            records: false,
            course: Mutex::new(Course { script, held, ..Course::default() }),
            crash: CancellationToken::new(),
            has_crashed: AtomicBool::new(false),
            body: OnceLock::new(),
            stall: Mutex::new(None),
            panics: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            unwinding: Unwinding::default(),
            grace: None,
            stillness: Stillness::new(),
        }
    }

    /// No heartbeat goes out by the clock, and no clock ends a grace by itself.
    pub(super) fn driven(mut self, options: Options, in_real_time: bool) -> Self {
        self.grace = Some(Grace::new(options, in_real_time));
        self.in_real_time = in_real_time;
        self
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
            has_caught_it: self.unwinding.was_caught(),
        }
    }

    /// What unwinds out of saves, and on which threads.
    pub(super) fn unwinding(&self) -> &Unwinding {
        &self.unwinding
    }

    /// Looks at it in real time.
    pub(super) fn look(&self) {
        if let Some(grace) = &self.grace {
            grace.look();
        }
        if !self.in_real_time {
            self.stillness.look();
        }
    }

    /// How long the body has done nothing.
    pub(super) fn stillness(&self) -> &Stillness {
        &self.stillness
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
        match newest(body.source.upgrade()?.as_ref()) {
            Ok(details) => Some(details),
            Err((reason, message)) => {
                body.cancellation.cancel_with(reason, message);
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
        match &self.grace {
            Some(grace) => grace.begin(body.takes, &body.cancellation),
            None => self.server.engine.cancel(),
        }
    }

    /// Counts a grace on the clock of the attempt, on the thread that has it.
    fn count_grace(&self) {
        if let Some(grace) = &self.grace {
            grace.count();
        }
    }

    /// Somebody saves after the crash.
    fn unwind(&self) {
        match self.unwinding.saves() {
            Fate::Unwinds => resume_unwind(Box::new(Crash)),
            Fate::HasCaughtIt => self.goes_on(),
            Fate::Nothing => {}
        }
    }

    /// The body goes on after a crash, which cannot be helped: at least it is told to stop.
    fn goes_on(&self) {
        self.unwinding.is_caught();
        if let Some(body) = self.body.get() {
            body.cancellation.cancel(CancelReason::LeaseLost);
        }
    }

    /// Whether the body of an attempt, rather than one that is called by hand, saves without an end.
    fn saves_for_ever(&self) -> bool {
        let is_an_attempt = self.is_timed || self.grace.is_some();
        is_an_attempt && self.stillness.is_too_much(self.course().saves)
    }

    fn look_whether_it_caught_the_crash(&self) {
        if self.is_crashed() && self.unwinding.has_caught_it() {
            self.goes_on();
        }
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
        self.stillness.moves();
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
        if self.is_crashed() || self.saves_for_ever() {
            self.unwind();
            return;
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
        self.stillness.moves();
        if self.is_crashed() {
            return Poll::Pending;
        }
        self.count_grace();
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
        self.count_grace();
        self.look_whether_it_caught_the_crash();
    }

    fn ended(&self, has_panicked: bool) {
        self.course().has_ended = true;
        if !has_panicked {
            self.look_whether_it_caught_the_crash();
        }
    }
}
