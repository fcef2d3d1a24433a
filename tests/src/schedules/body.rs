//! The body of the activity under test: it does what its plan says, and writes down what it sees.

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use anyhow::anyhow;
use autobeat::{Cancellation, Cancelled, Checkpoint};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;
use tokio::time::sleep;

use super::{
    schedule::{Action, DETAILS_LIMIT, Plan, WhenTold},
    witness::Witness,
};
use crate::inprocess::{
    Moment,
    activity::Token,
    history::{End, Fit, Said},
};

thread_local! {
    static STATES: Cell<usize> = const { Cell::new(0) };
    static BODIES: Cell<usize> = const { Cell::new(0) };
}

/// How many states, and how many bodies, are in this thread's memory.
#[must_use]
pub fn in_memory() -> (usize, usize) {
    (STATES.get(), BODIES.get())
}

/// What the activity under test saves: a value that only grows.
#[derive(Debug, Deserialize)]
pub struct State {
    pub(super) value: u64,
    #[serde(skip, default = "fits")]
    fit: Fit,
    #[serde(skip, default = "Counted::one")]
    _counted: Counted,
}

fn fits() -> Fit {
    Fit::Fits
}

impl State {
    fn new(value: u64, fit: Fit) -> Self {
        Self { value, fit, _counted: Counted::one() }
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new(0, Fit::Fits)
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self::new(self.value, self.fit)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let filling = match self.fit {
            Fit::Fits => String::new(),
            Fit::TooLarge => "x".repeat(DETAILS_LIMIT),
            Fit::Unserialisable => return Err(serde::ser::Error::custom("unserialisable by plan")),
        };
        let mut state = serializer.serialize_struct("State", 2)?;
        state.serialize_field("value", &self.value)?;
        state.serialize_field("filling", &filling)?;
        state.end()
    }
}

/// Counts what is in memory. Only what is dropped on its own thread is counted right: the embedded
/// engine writes to its disk on another one.
#[derive(Debug)]
struct Counted;

impl Counted {
    fn one() -> Self {
        STATES.set(STATES.get().wrapping_add(1));
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        STATES.set(STATES.get().wrapping_sub(1));
    }
}

/// The bodies of one world.
#[derive(Clone, Debug)]
pub struct Bodies {
    witness: Arc<dyn Witness>,
    plans: Arc<[Plan]>,
    values: Arc<AtomicU64>,
}

impl Bodies {
    /// Bodies that follow these plans, and tell this witness.
    #[must_use]
    pub fn new(witness: Arc<dyn Witness>, plans: &[Plan]) -> Self {
        Self { witness, plans: plans.into(), values: Arc::default() }
    }

    pub(crate) async fn run(
        self: Arc<Self>,
        checkpoint: Checkpoint<State>,
        cancellation: Cancellation,
        token: u64,
    ) -> Result<u64, ActivityError> {
        let token = Token(token);
        let plan = usize::try_from(token.0 - 1).ok().and_then(|place| self.plans.get(place));
        let plan = plan.cloned().unwrap_or_default();
        let body = Body { bodies: Arc::clone(&self), checkpoint, cancellation, token, plan };
        Watched::new(Arc::clone(&self.witness), token, body.follow()).await
    }
}

struct Body {
    bodies: Arc<Bodies>,
    checkpoint: Checkpoint<State>,
    cancellation: Cancellation,
    token: Token,
    plan: Plan,
}

/// Why a plan is left before its end.
enum Leave {
    Told(Cancelled),
    Returns(End),
}

impl Body {
    fn say(&self, said: Said) {
        self.bodies.witness.say(self.token, said);
    }

    fn next(&self, fit: Fit) -> State {
        State::new(self.bodies.values.fetch_add(1, Ordering::Relaxed) + 1, fit)
    }

    async fn follow(self) -> Result<u64, ActivityError> {
        self.say(Said::Began(self.checkpoint.get().value));
        let mut end = End::Completes;
        for action in self.plan.actions.clone() {
            let left = match self.act(action).await {
                Ok(()) => continue,
                Err(Leave::Returns(planned)) => planned,
                Err(Leave::Told(cancelled)) => match self.obey(cancelled).await {
                    Some(told) => told,
                    None => continue,
                },
            };
            end = left;
            break;
        }
        self.say(Said::Returned(end));
        self.finish(end)
    }

    async fn act(&self, action: Action) -> Result<(), Leave> {
        match action {
            Action::Save(fit) => self.save(self.next(fit)),
            Action::Update => {
                let state = self.next(Fit::Fits);
                self.say(Said::Saved(state.value, state.fit));
                self.checkpoint.update(|saved| *saved = state).map_err(Leave::Told)
            }
            Action::Commit => self.commit().await,
            Action::Touch => {
                self.say(Said::Touched);
                self.checkpoint.touch().map_err(Leave::Told)
            }
            Action::Sleep(duration) => self.sleep(duration).await,
            Action::SaveInALoop(times, pause) => {
                for _ in 0..times {
                    self.save(self.next(Fit::Fits))?;
                    self.sleep(pause).await?;
                }
                Ok(())
            }
            Action::Block(microseconds) => {
                thread::sleep(Duration::from_micros(microseconds));
                Ok(())
            }
            Action::Return(end) => Err(Leave::Returns(end)),
        }
    }

    fn save(&self, state: State) -> Result<(), Leave> {
        self.say(Said::Saved(state.value, state.fit));
        self.checkpoint.save(state).map_err(Leave::Told)
    }

    async fn commit(&self) -> Result<(), Leave> {
        let state = self.next(Fit::Fits);
        let value = state.value;
        self.say(Said::Commits(value));
        self.checkpoint.commit(state).await.map_err(Leave::Told)?;
        self.say(Said::Committed(value));
        Ok(())
    }

    /// A body that goes on whatever it is told also sleeps on.
    async fn sleep(&self, duration: Duration) -> Result<(), Leave> {
        if self.plan.when_told == WhenTold::GoesOn {
            sleep(duration).await;
            return Ok(());
        }
        self.cancellation.run_until_cancelled(sleep(duration)).await.map_err(Leave::Told)
    }

    /// What it does when it is told to stop; nothing where it goes on.
    async fn obey(&self, cancelled: Cancelled) -> Option<End> {
        self.say(Said::Cancelled(cancelled.reason()));
        match self.plan.when_told {
            WhenTold::Stops => Some(End::Stops),
            WhenTold::CleansUpFor(duration) => {
                sleep(duration).await;
                Some(End::Stops)
            }
            WhenTold::Completes => Some(End::Completes),
            WhenTold::GoesOn => None,
        }
    }

    fn finish(&self, end: End) -> Result<u64, ActivityError> {
        match end {
            End::Completes => Ok(self.token.0),
            End::Fails => Err(anyhow!("a failure by plan").into()),
            End::FailsForGood => {
                let failure = ApplicationFailure::builder("a last failure by plan")
                    .non_retryable(true)
                    .build();
                Err(ActivityError::application(failure))
            }
            // Without the message of a panic that nobody planned.
            End::Panics => std::panic::resume_unwind(Box::new("a panic by plan")),
            End::Stops => Err(self
                .cancellation
                .check()
                .err()
                .map_or_else(|| anyhow!("told to stop, and no more").into(), ActivityError::from)),
        }
    }
}

/// Writes down when a body is polled and dropped.
struct Watched<F> {
    witness: Arc<dyn Witness>,
    token: Token,
    body: Pin<Box<F>>,
    polled: Option<Moment>,
    over: bool,
}

impl<F> Watched<F> {
    fn new(witness: Arc<dyn Witness>, token: Token, body: F) -> Self {
        BODIES.set(BODIES.get() + 1);
        Self { witness, token, body: Box::pin(body), polled: None, over: false }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let now = self.witness.now();
        if self.polled.replace(now) != Some(now) {
            self.witness.say(self.token, Said::Polled);
        }
        let polled = self.body.as_mut().poll(context);
        self.over |= polled.is_ready();
        polled
    }
}

impl<F> Drop for Watched<F> {
    fn drop(&mut self) {
        BODIES.set(BODIES.get() - 1);
        if !self.over {
            self.witness.say(self.token, Said::Dropped);
        }
    }
}
