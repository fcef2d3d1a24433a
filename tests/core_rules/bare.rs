//! An activity of the SDK alone that does what a script says, and what is seen of it.

#![allow(dead_code, reason = "the SDK's macro makes a marker for workflows as well")]

use std::{
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use autobeat_tests::inprocess::{
    Skew, World,
    activity::{Retry, Terms},
    history::{Event, Rpc, What},
    network::Network,
    worker::{live, options},
};
use serde::Serialize;
use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};
use tokio::time::{Instant, sleep, sleep_until};

/// What a body does.
pub(crate) struct Script {
    /// What it records: after how many seconds, and which value.
    pub(crate) records: Vec<(u64, u64)>,
    pub(crate) end: End,
}

/// How a body ends, and after how long.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Never,
    Completes(Duration),
    Fails(Duration),
}

/// What was seen of an attempt.
pub(crate) struct Seen {
    history: Vec<Event>,
    /// After how long the SDK's token fired.
    pub(crate) told: Option<Duration>,
}

impl Seen {
    /// When each call was made, and which value it carried.
    pub(crate) fn calls(&self, wanted: Rpc) -> Vec<(Duration, Option<u64>)> {
        let call = |event: &Event| match &event.what {
            What::Called(call) if call.rpc == wanted => Some((event.at.since_begin(), call.value)),
            _ => None,
        };
        self.history.iter().filter_map(call).collect()
    }

    /// How long the first report's caller would have waited.
    pub(crate) fn limit_of_reports(&self) -> Option<Duration> {
        self.history.iter().find_map(|event| match &event.what {
            What::Called(call) if call.rpc == Rpc::Heartbeat => call.limit,
            _ => None,
        })
    }
}

#[derive(Serialize)]
struct Count {
    value: u64,
}

struct Bare {
    script: Script,
    told: Arc<Mutex<Option<Duration>>>,
}

impl Bare {
    async fn play(&self, context: &ActivityContext, began: Instant) -> Result<u64, ActivityError> {
        for &(second, value) in &self.script.records {
            sleep_until(began + Duration::from_secs(second)).await;
            context.record_heartbeat(Count { value }).await?;
        }
        match self.script.end {
            End::Never => pending().await,
            End::Completes(after) => {
                sleep_until(began + after).await;
                Ok(1)
            }
            End::Fails(after) => {
                sleep_until(began + after).await;
                Err(std::io::Error::other("as planned").into())
            }
        }
    }
}

#[activities]
impl Bare {
    #[activity(name = "bare")]
    async fn bare(self: Arc<Self>, context: ActivityContext, _: u64) -> Result<u64, ActivityError> {
        let began = Instant::now();
        let told = async {
            context.cancelled().await;
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(began.elapsed());
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = told => unreachable!("it waits for ever"),
            ended = self.play(&context, began) => ended,
        }
    }
}

/// Terms on which there is one attempt.
fn once(timeout: Duration) -> Terms {
    Terms {
        activity_type: "bare".to_owned(),
        heartbeat_timeout: Some(timeout),
        retry: Retry { attempts: 1, ..Retry::default() },
        ..Terms::default()
    }
}

/// Performs a script for so long.
pub(crate) fn perform(script: Script, timeout: Duration, network: Network, time: Duration) -> Seen {
    let told = Arc::default();
    let world = World::new(once(timeout), network, Skew::Behind);
    let bare = Bare { script, told: Arc::clone(&told) };
    live(&world, options(bare, None), async |_| sleep(time).await);
    seen(world, &told)
}

/// Performs a script on a worker that is told to shut down after so long.
pub(crate) fn perform_and_shut_down(
    script: Script,
    timeout: Duration,
    grace: Duration,
    at: Duration,
) -> Seen {
    let told = Arc::default();
    let world = World::new(once(timeout), Network::default(), Skew::Behind);
    let bare = Bare { script, told: Arc::clone(&told) };
    live(&world, options(bare, Some(grace)), async |control| {
        sleep(at).await;
        control.shut_down();
        sleep(2 * grace).await;
    });
    seen(world, &told)
}

fn seen(world: World, told: &Mutex<Option<Duration>>) -> Seen {
    let told = *told.lock().unwrap_or_else(PoisonError::into_inner);
    Seen { history: world.end(), told }
}
