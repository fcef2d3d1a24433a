//! Calls on their way: how they are sent, take effect, are answered, and are lost.
//!
//! Invariants:
//! - a call that was sent takes effect when its fate says so, whether or not its caller still
//!   waits, and although its worker may be gone: it is on the network;
//! - an answer is heard once, by a caller that waits.

use std::time::Duration;

use tokio::sync::oneshot;

use super::{
    activity::{Change, Started},
    calls::{Request, described, task, write},
    history::{Answer, CallId, Called, Lane, Rpc, What},
    moment::Moment,
    network::{Fate, Loss},
    world::State,
};

/// How long a poll waits for an attempt before it is answered that there is none.
const LONG_POLL: Duration = Duration::from_mins(1);

/// How many steps a history may have: a loop that never ends is swallowed from then on, so that it
/// can be told.
const LONGEST_HISTORY: usize = 300_000;

/// The bytes that a caller hears.
pub(super) type Heard = Result<Vec<u8>, temporalio_client::tonic::Status>;

/// What becomes due at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    /// A call reaches the server.
    Effect(CallId),
    /// An answer reaches its caller.
    Answer(CallId),
    /// A poll has waited long enough.
    PollEnds(CallId),
}

/// A call that is not over.
pub(super) struct InFlight {
    request: Request,
    fate: Fate,
    caller: Option<oneshot::Sender<Heard>>,
    answer: Option<(Answer, Option<Started>)>,
}

impl State {
    /// Sends a call.
    pub(super) fn send(
        &mut self,
        request: Request,
        lane: Lane,
        limit: Option<Duration>,
        caller: oneshot::Sender<Heard>,
    ) -> CallId {
        let now = self.now();
        self.advance(now);
        let request = request.about(self.activity.latest().0);
        let call = CallId(self.number());
        let fate = self.fate(&request, lane, now);
        if request.rpc() != Rpc::Other {
            self.record(now, What::Called(called(call, &request, lane, fate, limit)));
        }
        self.has_polled |= request.rpc() == Rpc::Poll;
        let mut flight = InFlight { request, fate, caller: Some(caller), answer: None };
        let at_once = match fate.loss {
            Loss::Refused => Some(Answer::Unavailable),
            Loss::Exhausted => Some(Answer::Exhausted),
            _ => None,
        };
        flight.answer = at_once.map(|answer| (answer, None));
        self.calls.insert(call, flight);
        match fate.loss {
            Loss::Refused | Loss::Exhausted => self.plan(now + fate.after, Due::Answer(call)),
            Loss::Nothing | Loss::AnswerLost => self.plan(now + fate.before, Due::Effect(call)),
            Loss::Swallowed => {}
        }
        self.advance(now);
        call
    }

    /// What happens to a call; before a worker's first poll nothing does, or it would not begin.
    fn fate(&mut self, request: &Request, lane: Lane, now: Moment) -> Fate {
        let is_about_attempt = request.token().is_some();
        let place = is_about_attempt.then(|| {
            let count = self.places.entry(lane).or_default();
            *count += 1;
            *count
        });
        let begins = !self.has_polled && !is_about_attempt;
        if begins && request.rpc() != Rpc::Poll {
            return Fate { before: Duration::ZERO, after: Duration::ZERO, loss: Loss::Nothing };
        }
        let fate = self.network.fate(now, lane, request.rpc(), place);
        if self.steps() > LONGEST_HISTORY { Fate { loss: Loss::Swallowed, ..fate } } else { fate }
    }

    fn plan(&mut self, at: Moment, due: Due) {
        let number = self.number();
        self.queue.insert((at, number), due);
    }

    pub(super) fn happen(&mut self, due: Due, now: Moment) {
        match due {
            Due::Effect(call) => self.take_effect(call, now),
            Due::Answer(call) => self.be_heard(call, now),
            Due::PollEnds(call) => {
                if self.waiting.contains(&call) {
                    self.waiting.retain(|waiting| *waiting != call);
                    self.take(call, Answer::Task(None), None, None, now);
                }
            }
        }
    }

    fn take_effect(&mut self, call: CallId, now: Moment) {
        let Some(request) = self.calls.get(&call).map(|flight| flight.request.clone()) else {
            return;
        };
        let (answer, change) = match request {
            Request::Poll if !self.is_shutting_down => {
                // Nobody is handed an attempt who went away before the server knew of the poll.
                if self.calls.get(&call).is_some_and(|flight| flight.caller.is_some()) {
                    self.waiting.push_back(call);
                    self.plan(now + LONG_POLL, Due::PollEnds(call));
                }
                return;
            }
            Request::Poll => (Answer::Task(None), None),
            Request::ShutdownWorker => {
                self.is_shutting_down = true;
                for poll in std::mem::take(&mut self.waiting) {
                    self.take(poll, Answer::Task(None), None, None, now);
                }
                (Answer::Done, None)
            }
            request => self.apply(request, now),
        };
        self.update_held();
        self.take(call, answer, change, None, now);
    }

    /// What the rules of the activity say.
    fn apply(&mut self, request: Request, now: Moment) -> (Answer, Option<Change>) {
        if let Request::Named(request) = request {
            self.activity.call_by_name(true);
            let applied = self.apply(*request, now);
            self.activity.call_by_name(false);
            return applied;
        }
        let activity = &mut self.activity;
        let changed = match request {
            Request::Heartbeat(token, details, size) => {
                return match activity.heartbeat(token, details, size, now) {
                    Ok(flags) => (Answer::Recorded(flags), activity.closed().map(Change::Closed)),
                    Err(refusal) => (Answer::Refused(refusal), None),
                };
            }
            Request::Complete(token) => activity.complete(token),
            Request::Fail(token, failure, _) => activity.fail(token, failure, now),
            Request::Cancel(token) => activity.cancelled(token),
            _ => return (Answer::Done, None),
        };
        match changed {
            Ok(change) => (Answer::Done, Some(change)),
            Err(refusal) => (Answer::Refused(refusal), None),
        }
    }

    /// A call took effect; its answer is on its way back, or lost.
    fn take(
        &mut self,
        call: CallId,
        answer: Answer,
        change: Option<Change>,
        started: Option<Started>,
        now: Moment,
    ) {
        let Some(flight) = self.calls.get_mut(&call) else { return };
        flight.answer = Some((answer, started));
        let (fate, rpc) = (flight.fate, flight.request.rpc());
        if rpc != Rpc::Other {
            self.record(now, What::Took { call, answer, change });
        }
        if fate.loss != Loss::AnswerLost {
            self.plan(now + fate.after, Due::Answer(call));
        }
    }

    fn be_heard(&mut self, call: CallId, now: Moment) {
        let Some(flight) = self.calls.remove(&call) else { return };
        let Some((answer, started)) = flight.answer else { return };
        let Some(caller) = flight.caller else { return };
        let told = flight.request.rpc() != Rpc::Other;
        if caller.is_closed() {
            // It went away in this very moment.
            if told {
                self.record(now, What::Abandoned(call));
            }
            return;
        }
        let limit = self.activity.terms().details_limit;
        let heard = match &started {
            Some(started) => {
                let start = self.skew.now();
                self.started = Some(start);
                Ok(task(&self.namespace, started, self.activity.terms(), start))
            }
            None if matches!((&flight.request, answer), (Request::Describe, Answer::Done)) => {
                let (_, number) = self.activity.latest();
                Ok(described(number.zip(self.started)))
            }
            None => write(&flight.request, answer, limit),
        };
        if told {
            self.record(now, What::Answered { call, answer });
        }
        // Nobody goes away meanwhile: a worker's runtime has one thread.
        let _ = caller.send(heard);
    }

    /// Hands the attempt that is due to a poll that waits.
    pub(super) fn hand_out(&mut self, now: Moment) {
        while self.activity.is_due(now)
            && let Some(poll) = self.waiting.pop_front()
            && let Some(started) = self.activity.start(now)
        {
            let (token, number) = (started.token, started.number);
            self.started = None;
            self.record(now, What::Started { token, number });
            self.take(poll, Answer::Task(Some(token)), None, Some(started), now);
        }
    }

    /// The caller went away, or its time limit is over: a call that is on its way stays there.
    pub(super) fn give_up(&mut self, call: CallId, timed_out: bool) {
        let now = self.now();
        self.advance(now);
        let Some(flight) = self.calls.get_mut(&call) else { return };
        if flight.caller.take().is_none() {
            return;
        }
        let told = flight.request.rpc() != Rpc::Other;
        self.waiting.retain(|waiting| *waiting != call);
        if told && timed_out {
            self.record(now, What::Answered { call, answer: Answer::TimedOut });
        } else if told {
            self.record(now, What::Abandoned(call));
        }
    }
}

pub(crate) fn called(
    call: CallId,
    request: &Request,
    lane: Lane,
    fate: Fate,
    limit: Option<Duration>,
) -> Called {
    Called {
        call,
        lane,
        rpc: request.rpc(),
        token: request.token(),
        value: request.value(),
        size: request.size(),
        failure: request.failure(),
        fate,
        limit,
    }
}
