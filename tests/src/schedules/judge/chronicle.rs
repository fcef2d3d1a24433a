//! A history by attempt and by call, for those who judge it.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    inprocess::{
        Moment, Skew,
        activity::{Change, Closed, Timeout, Token},
        history::{Answer, CallId, Called, End, Event, Lane, Order, Rpc, Said, What, WorkerStep},
    },
    schedules::schedule::Schedule,
};

/// An instant, and the step of the history: of two at one instant, the earlier one.
pub(super) type When = (usize, Moment);

/// A call from its sending to its end.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) called: Called,
    pub(super) sent: When,
    pub(super) took: Option<(When, Answer)>,
    /// What the caller heard, its own time limit apart.
    pub(super) heard: Option<(When, Answer)>,
    /// When the caller waited no more, without an answer.
    pub(super) left: Option<When>,
}

impl Call {
    pub(super) fn is(&self, lane: Lane, rpc: Rpc) -> bool {
        self.called.lane == lane && self.called.rpc == rpc
    }

    /// Whether the server answered it, one way or another.
    pub(super) fn is_heard(&self) -> bool {
        matches!(self.heard, Some((_, Answer::Recorded(_) | Answer::Refused(_))))
    }

    pub(super) fn is_recorded(&self) -> bool {
        matches!(self.heard, Some((_, Answer::Recorded(_))))
    }
}

/// How an attempt was over for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Answered(Rpc),
    /// An earlier attempt of its number spoke for it: a reset counts from 1 again, and to the server
    /// the two are one.
    SpokenFor,
    TooLarge,
    TimedOut(Timeout),
    Terminated,
}

/// An attempt from its start to its end.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) token: Token,
    pub(super) started: When,
    /// When its worker heard of it.
    pub(super) handed: Option<When>,
    pub(super) over: Option<(When, Over)>,
    /// When a reset made the server forget it, though it waits for it.
    pub(super) forgotten: Option<When>,
    pub(super) returned: Option<(When, End)>,
    pub(super) polls: Vec<When>,
    pub(super) said: Vec<(When, Said)>,
    /// When its worker was gone.
    pub(super) worker_gone: Option<When>,
}

impl Attempt {
    /// Whether its body was over by a step.
    pub(super) fn is_done(&self, step: usize) -> bool {
        let ends = |said: &Said| matches!(said, Said::Returned(_) | Said::Dropped);
        self.said.iter().any(|(when, said)| when.0 < step && ends(said))
    }
}

/// One life of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) began: When,
    pub(super) shutting_down: Option<(When, Option<Duration>)>,
    pub(super) ended: Option<When>,
}

/// A history by attempt and by call.
#[derive(Debug)]
pub(super) struct Chronicle<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) events: &'a [Event],
    pub(super) calls: BTreeMap<CallId, Call>,
    pub(super) attempts: BTreeMap<Token, Attempt>,
    pub(super) orders: Vec<(When, Order)>,
    pub(super) lives: Vec<Life>,
    current: Option<Token>,
}

impl<'a> Chronicle<'a> {
    pub(super) fn of(schedule: &'a Schedule, events: &'a [Event]) -> Self {
        let mut chronicle = Self {
            schedule,
            events,
            calls: BTreeMap::new(),
            attempts: BTreeMap::new(),
            orders: Vec::new(),
            lives: Vec::new(),
            current: None,
        };
        for (step, event) in events.iter().enumerate() {
            chronicle.enter((step, event.at), &event.what);
        }
        chronicle
    }

    fn enter(&mut self, when: When, what: &What) {
        match what {
            What::Called(called) => {
                let call = Call {
                    called: called.clone(),
                    sent: when,
                    took: None,
                    heard: None,
                    left: None,
                };
                self.calls.insert(called.call, call);
            }
            What::Took { call, answer, change } => self.take(when, *call, *answer, *change),
            What::Answered { call, answer } => self.hear(when, *call, *answer),
            What::Abandoned(call) => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.left = Some(when);
                }
            }
            What::Started { token, .. } => self.start(when, *token),
            What::TimedOut(timeout, _) => self.finish(when, Over::TimedOut(*timeout)),
            What::Ordered(order, change) => self.order(when, *order, *change),
            What::Worker(step) => self.work(when, *step),
            What::Body(token, said) => self.say(when, *token, *said),
        }
    }

    fn take(&mut self, when: When, call: CallId, answer: Answer, change: Option<Change>) {
        let Some(call) = self.calls.get_mut(&call) else { return };
        call.took = Some((when, answer));
        let (rpc, token) = (call.called.rpc, call.called.token);
        if change.is_some() {
            let over = match rpc {
                _ if token != self.current => Over::SpokenFor,
                Rpc::Heartbeat => Over::TooLarge,
                _ => Over::Answered(rpc),
            };
            self.finish(when, over);
        }
    }

    fn hear(&mut self, when: When, call: CallId, answer: Answer) {
        let Some(call) = self.calls.get_mut(&call) else { return };
        if answer == Answer::TimedOut {
            call.left = Some(when);
            return;
        }
        call.heard = Some((when, answer));
        if let Answer::Task(Some(token)) = answer
            && let Some(attempt) = self.attempts.get_mut(&token)
        {
            attempt.handed = Some(when);
        }
    }

    fn start(&mut self, when: When, token: Token) {
        self.current = Some(token);
        let attempt = Attempt {
            token,
            started: when,
            handed: None,
            over: None,
            forgotten: None,
            returned: None,
            polls: Vec::new(),
            said: Vec::new(),
            worker_gone: None,
        };
        self.attempts.insert(token, attempt);
    }

    fn finish(&mut self, when: When, over: Over) {
        let attempt = self.current.take().and_then(|token| self.attempts.get_mut(&token));
        if let Some(attempt) = attempt {
            attempt.over = Some((when, over));
        }
    }

    fn order(&mut self, when: When, order: Order, change: Option<Change>) {
        self.orders.push((when, order));
        if change == Some(Change::Closed(Closed::Terminated)) {
            self.finish(when, Over::Terminated);
        }
        let forgets = self.schedule.reset == crate::inprocess::activity::ResetRule::Forgotten;
        let number = self.current.and_then(|token| self.number(token));
        if let Order::Reset { .. } = order
            && forgets
            && number.is_some_and(|number| number > 1)
            && let Some(attempt) = self.current.and_then(|token| self.attempts.get_mut(&token))
        {
            attempt.forgotten.get_or_insert(when);
        }
    }

    fn number(&self, wanted: Token) -> Option<u32> {
        self.events.iter().find_map(|event| match event.what {
            What::Started { token, number } if token == wanted => Some(number),
            _ => None,
        })
    }

    fn work(&mut self, when: When, step: WorkerStep) {
        match step {
            WorkerStep::Began => {
                self.lives.push(Life { began: when, shutting_down: None, ended: None });
            }
            WorkerStep::ShuttingDown(grace) => {
                if let Some(life) = self.lives.last_mut() {
                    life.shutting_down = Some((when, grace));
                }
            }
            WorkerStep::Stuck => {}
            WorkerStep::Ended | WorkerStep::Crashed => {
                if let Some(life) = self.lives.last_mut() {
                    life.ended = Some(when);
                }
                for attempt in self.attempts.values_mut() {
                    attempt.worker_gone.get_or_insert(when);
                }
            }
        }
    }

    fn say(&mut self, when: When, token: Token, said: Said) {
        let Some(attempt) = self.attempts.get_mut(&token) else { return };
        match said {
            Said::Polled => attempt.polls.push(when),
            Said::Returned(end) => attempt.returned = Some((when, end)),
            _ => {}
        }
        if said != Said::Polled {
            attempt.said.push((when, said));
        }
    }

    /// The calls about an attempt, in the order in which they were sent.
    pub(super) fn calls_of(&self, token: Token) -> impl Iterator<Item = &Call> {
        self.calls.values().filter(move |call| call.called.token == Some(token))
    }

    /// How much of its way to the worker an attempt's worker knows of.
    pub(super) fn believed(&self) -> Duration {
        match self.schedule.skew {
            Skew::Behind => Duration::ZERO,
            Skew::Ahead => self.schedule.heartbeat_timeout() / 10,
        }
    }

    /// Whether every attempt seems to have been longer on its way than is believed.
    pub(super) fn seems_late(&self) -> bool {
        self.schedule.skew == Skew::Ahead
    }

    /// How long a request whose caller waits no more, and an SDK report, may take to settle: never more
    /// than a minute, which is longer than any of them is tried.
    pub(super) fn settling(&self) -> Duration {
        let round_trips = self.schedule.round_trip() * 2 * 2;
        round_trips.clamp(Duration::from_millis(100), Duration::from_mins(1))
    }

    /// As [`settling`](Self::settling), as an attempt has measured it as of a step.
    pub(super) fn settling_as_measured(&self, attempt: &Attempt, step: usize) -> Duration {
        self.settling().max(self.measured(attempt, step) * 4).min(Duration::from_mins(1))
    }

    /// The round trip that an attempt has measured as of a step: the longest, which fades.
    fn measured(&self, attempt: &Attempt, step: usize) -> Duration {
        let ours = |call: &&Call| call.is(Lane::Ours, Rpc::Heartbeat) && call.is_recorded();
        let answered = self.calls_of(attempt.token).filter(ours);
        let mut answered: Vec<_> = answered
            .filter_map(|call| call.heard.map(|(heard, _)| (heard, heard.1.since(call.sent.1))))
            .filter(|(heard, _)| heard.0 < step)
            .collect();
        answered.sort_unstable();
        answered
            .into_iter()
            .fold(Duration::ZERO, |round_trip, (_, took)| took.max(round_trip.mul_f64(0.9)))
    }
}
