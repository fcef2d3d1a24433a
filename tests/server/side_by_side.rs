//! Ours beside a hand-written activity of the same name on one queue: rolled in, rolled out, and both at once.

use std::time::Duration;

use autobeat_tests::{
    activities::Action,
    environment::{Environment, eventually},
    ledger::{Ledger, Record},
    side_by_side::{ADD_UP, BY_HAND, COUNT, COUNT_AND_SHOW, WITH_AUTOBEAT, WithAutobeat, by_hand},
    worker::LocalWorker,
    workflows::Outcome,
};
use rstest::rstest;

use crate::{INTERVAL, LENIENCE, LIMIT, attempt_begun, item_done};

const ITEM_TIME: Duration = Duration::from_millis(5);
const ITEMS: u64 = 1_000;

/// How far apart the SDK's own heartbeats are at a timeout of 2 s: what a hand-written one may repeat.
const THROTTLE: Duration = Duration::from_millis(1_600);

/// How long a worker that shuts down waits before it tells its activities.
const GRACE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ByHand,
    Ours,
}

impl Kind {
    async fn worker(self, environment: &Environment) -> LocalWorker {
        match self {
            Self::ByHand => environment.worker_of_one_at_a_time(by_hand(), GRACE).await,
            Self::Ours => environment.worker_of_one_at_a_time(WithAutobeat, GRACE).await,
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::ByHand => BY_HAND,
            Self::Ours => WITH_AUTOBEAT,
        }
    }

    /// How much work it does again where it is killed.
    fn repeats_at_most(self) -> Duration {
        match self {
            Self::ByHand => THROTTLE + LENIENCE,
            Self::Ours => INTERVAL + LENIENCE,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    ShutDown,
}

fn result_of(activity: &str) -> u64 {
    if activity == ADD_UP { ITEMS * (ITEMS - 1) / 2 } else { ITEMS }
}

/// Which kinds have begun, one an attempt, in order.
fn begun(ledger: &Ledger) -> Vec<String> {
    let kind = |record| match record {
        Record::Note(note) if [BY_HAND, WITH_AUTOBEAT].contains(&&*note) => Some(note),
        _ => None,
    };
    ledger.entries().into_iter().filter_map(|entry| kind(entry.record)).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_takes_over_from_the_other(
    #[values([Kind::ByHand, Kind::Ours], [Kind::Ours, Kind::ByHand])] kinds: [Kind; 2],
    #[values(COUNT, ADD_UP)] activity: &str,
    #[values(End::Killed, End::ShutDown)] end: End,
) {
    let [first, second] = kinds;
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let worker = first.worker(&environment).await;
    let run =
        environment.start(environment.job(activity, environment.plan(ITEMS, ITEM_TIME))).await;
    item_done(&ledger, 500).await;
    match end {
        End::Killed => drop(worker),
        End::ShutDown => worker.shut_down().await,
    }
    let _worker = second.worker(&environment).await;

    assert_eq!(run.outcome().await, Outcome::Completed(result_of(activity)));
    assert_eq!(begun(&ledger), [first.note(), second.note()]);
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
    let (from, _) = attempt_begun(&ledger, 2).await;
    assert!(from > 0, "it began anew");
    let numbers: Vec<u32> = ledger.entries().into_iter().map(|entry| entry.attempt).collect();
    let last = *numbers.last().expect("an attempt");
    let repeated = ledger.repeated_work(1, last);
    eprintln!("{first:?} to {second:?}, {activity}, {end:?}: repeated {repeated:?} of work");
    match end {
        End::Killed => assert!(repeated <= first.repeats_at_most(), "{repeated:?}"),
        End::ShutDown => assert_eq!(ledger.repeated(1, last), []),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn both_on_one_queue_do_every_item_once(#[values(COUNT, ADD_UP)] activity: &str) {
    const ATTEMPTS: u32 = 20;
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let _workers = (Kind::ByHand.worker(&environment).await, Kind::Ours.worker(&environment).await);
    // Each attempt goes on where the one before it failed, and fails some items later.
    let plan =
        (1..ATTEMPTS).fold(environment.plan(ITEMS, Duration::from_millis(1)), |plan, number| {
            plan.before(number, u64::from(number) * ITEMS / u64::from(ATTEMPTS), Action::Fail)
        });
    let run = environment.start(environment.job(activity, plan)).await;

    assert_eq!(run.outcome().await, Outcome::Completed(result_of(activity)));
    let begun = begun(&ledger);
    assert_eq!(begun.len(), ATTEMPTS as usize);
    for change in [[BY_HAND, WITH_AUTOBEAT], [WITH_AUTOBEAT, BY_HAND]] {
        assert!(begun.windows(2).any(|pair| pair == change), "{change:?} in {begun:?}");
    }
    let items = ledger.entries().into_iter().filter(|it| matches!(it.record, Record::Item(_)));
    assert_eq!(items.count() as u64, ITEMS, "one was done twice");
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_by_hand_that_reads_a_single_detail_does_not_take_over_from_a_shown_progress() {
    let Some(environment) = Environment::open().await else { return };
    let ledger = environment.ledger();
    let first = Kind::Ours.worker(&environment).await;
    let plan = environment.plan(ITEMS, ITEM_TIME);
    let run = environment.start(environment.job(COUNT_AND_SHOW, plan)).await;
    item_done(&ledger, 100).await;
    first.shut_down().await;
    let saved = run.stored().await.expect("a checkpoint");

    let out = Kind::ByHand.worker(&environment).await;
    let failed = async || run.pending().await.filter(|pending| pending.attempt >= 4);
    let pending = eventually("the one by hand fails, and is tried again", LIMIT, failed).await;
    let failure = pending.last_failure.expect("a failure");
    assert!(failure.message.contains("Wrong encoding"), "{failure:?}");
    assert_eq!(run.stored().await, Some(saved.clone()), "what was saved stays");
    out.shut_down().await;

    let _back = Kind::Ours.worker(&environment).await;
    assert_eq!(attempt_begun(&ledger, 2).await.0.to_string(), saved);
    assert_eq!(run.outcome().await, Outcome::Completed(ITEMS));
    assert_eq!(ledger.missing(ITEMS), [] as [u64; 0]);
}
