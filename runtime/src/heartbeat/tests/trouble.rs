//! Beats that are lost, held back or beside many others, and clocks that are far away.

use futures_util::future::BoxFuture;
use temporalio_common::data_converters::PayloadConverter;

use super::*;
use crate::lease::EngineRules;

/// A server that is as slow as its script says, and an engine that takes its time for a report.
struct SlowEngine {
    scripted: ScriptedLease,
    handing_over: Duration,
}

impl Lease for SlowEngine {
    fn converter(&self) -> PayloadConverter {
        self.scripted.converter()
    }

    fn beat(&self, details: Details, until: Instant) -> BoxFuture<'_, Result<Reply, BeatError>> {
        self.scripted.beat(details, until)
    }

    fn engine(&self) -> Option<EngineRules> {
        self.scripted.engine()
    }

    fn record(&self, details: Details) -> BoxFuture<'_, Result<(), TooLarge>> {
        async move {
            sleep(self.handing_over).await;
            self.scripted.record(details).await
        }
        .boxed()
    }

    fn leave(&self, newest: Option<Details>, kept: Details) -> BoxFuture<'_, ()> {
        self.scripted.leave(newest, kept)
    }

    fn is_told_to_stop(&self) -> bool {
        self.scripted.is_told_to_stop()
    }

    fn told_to_stop(&self) -> BoxFuture<'_, ()> {
        self.scripted.told_to_stop()
    }
}

/// Whatever tries the attempts of a connection may make beside their beats, others make them.
fn use_up_tries(heartbeat: &Heartbeat) -> AbortOnDropHandle<()> {
    let pulse = Arc::clone(&heartbeat.pulse);
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            lock(&pulse).peers().use_up(Instant::now());
            sleep(SECOND / 100).await;
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_until_a_beat_that_was_lost_cannot_land_any_more() {
    // A round trip of half a second: what is lost may land for 2 s, a little less once a quick answer came.
    let script = [Line::Late(SECOND / 2, Reply::GoOn), Line::Refusal];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let (_heartbeat, slot, cancellation) = start(&lease, rhythm());
    let checkpoint = Checkpoint::new(slot, cancellation);
    checkpoint.save(1).unwrap();
    while lease.times().len() < 2 {
        sleep(SECOND / 100).await;
    }
    let lost = Instant::now();
    checkpoint.commit(2).await.unwrap();
    let settled = lost.elapsed();
    assert!(settled >= SECOND * 17 / 10 && settled < 3 * SECOND, "{settled:?}");
    assert_eq!(lease.values(), [Some(1), Some(1), Some(2), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_waits_for_a_report_that_is_still_handed_over() {
    let scripted = ScriptedLease::friendly().with_engine(9 * SECOND);
    let lease = Arc::new(SlowEngine { scripted, handing_over: 2 * SECOND });
    let slot = Arc::new(Slot::new(None, Vec::new()));
    let cancellation = Cancellation::new();
    let _heartbeat = Heartbeat::start(
        Arc::clone(&lease) as Arc<dyn Lease>,
        Arc::clone(&slot) as Arc<dyn Source>,
        cancellation.clone(),
        rhythm(),
        Measured::default(),
    );
    let checkpoint = Checkpoint::new(slot, cancellation);
    checkpoint.save(1).unwrap();
    // Two beats of ours; the third is the engine's, and is handed over until 11 s at most.
    sleep(9 * SECOND + SECOND / 10).await;
    assert_eq!((lease.scripted.times().len(), lease.scripted.recorded().len()), (2, 0));
    checkpoint.commit(2).await.unwrap();
    let recorded = lease.scripted.recorded();
    assert_eq!(recorded.len(), 1, "what is older was handed over before");
}

#[tokio::test(start_paused = true)]
async fn one_lost_beat_costs_no_lease_though_others_have_used_up_all_tries() {
    let script = [Line::Answer(Reply::GoOn), Line::Silence];
    let lease = Arc::new(ScriptedLease::new(script, Line::Answer(Reply::GoOn)));
    let declared = Rhythm { interval: SECOND * 9 / 2, is_declared: true, ..rhythm() };
    let (heartbeat, _, cancellation) = start(&lease, declared);
    let _others = use_up_tries(&heartbeat);
    sleep(30 * SECOND).await;
    assert_eq!(cancellation.reason(), None, "{:?}", lease.times());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_one_try_comes_on_top_in_the_last_of_each_lease() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let rhythm = Rhythm { interval: 30 * SECOND, timeout: Some(90 * SECOND), ..rhythm() };
    let (heartbeat, _, cancellation) = start(&lease, rhythm);
    let _others = use_up_tries(&heartbeat);
    cancellation.given_up().await;
    assert!(lease.times().len() <= 4, "{:?}", lease.times());
}

#[tokio::test(start_paused = true)]
async fn beats_that_nobody_answers_for_days_are_not_all_kept() {
    let lease = Arc::new(ScriptedLease::new([], Line::Silence));
    let year = 365 * 24 * 3_600 * SECOND;
    let rhythm = Rhythm { interval: 30 * SECOND, timeout: Some(year), ..rhythm() };
    let (heartbeat, _, cancellation) = start(&lease, rhythm);
    sleep(2 * 24 * 3_600 * SECOND).await;
    assert_eq!(cancellation.reason(), None);
    assert!(lease.times().len() > 5_000, "each is tried beside the last: {}", lease.times().len());
    let open = lock(&heartbeat.pulse).traffic.open();
    assert!(open <= 32, "{open} are on their way");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_days_away_is_looked_at_when_nothing_comes_before() {
    // The server knows the attempt no more, and nothing else is due.
    let lease = Arc::new(ScriptedLease::stopping(CancelReason::NotFound));
    let day = 24 * 3_600 * SECOND;
    let rhythm = Rhythm { timeout: Some(3 * day), grace: Some(2 * day), ..rhythm() };
    let (_heartbeat, _, cancellation) = start(&lease, rhythm);
    let began = Instant::now();
    // A timer of somebody else's moves the paused clock.
    let given_up = tokio::time::timeout(10 * day, cancellation.given_up()).await;
    assert!(given_up.is_ok(), "its grace is over long since");
    assert!(began.elapsed() < 2 * day + 10 * SECOND, "{:?}", began.elapsed());
}
