//! What lies between a worker and its server, call by call.
//!
//! A call is delayed before it takes effect, and its answer is delayed after. So a call that is
//! delayed longer than the next one is overtaken by it. Nothing here is drawn at random: whoever
//! draws a schedule says which call meets which fate.

use std::{collections::HashMap, time::Duration};

use super::{
    history::{Lane, Rpc},
    moment::Moment,
};

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// How long it takes to the server.
    pub before: Duration,
    /// How long its answer takes back.
    pub after: Duration,
    /// What is lost of it.
    pub loss: Loss,
}

/// What is lost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// Nothing.
    Nothing,
    /// All of it, and the caller knows at once: `UNAVAILABLE`.
    Refused,
    /// All of it, and the caller knows at once: `RESOURCE_EXHAUSTED`.
    Exhausted,
    /// All of it, and the caller waits in vain.
    Swallowed,
    /// It takes effect, and the caller waits in vain.
    AnswerLost,
}

/// A span of time in which calls are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub from: Moment,
    /// When it is over.
    pub to: Moment,
    /// What is lost.
    pub loss: Loss,
    /// Which calls meet it.
    pub hits: Hits,
}

/// Which calls an outage hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// All.
    Everything,
    /// Heartbeats on either lane.
    Heartbeats,
    /// Heartbeats on the SDK's lane.
    SdkHeartbeats,
    /// The question for the limits of a namespace.
    Namespace,
}

impl Hits {
    fn hits(self, lane: Lane, rpc: Rpc) -> bool {
        match self {
            Self::Everything => true,
            Self::Heartbeats => rpc == Rpc::Heartbeat,
            Self::SdkHeartbeats => rpc == Rpc::Heartbeat && lane == Lane::Sdk,
            Self::Namespace => rpc == Rpc::DescribeNamespace,
        }
    }
}

/// The network of a world.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// How long every call takes to the server, and every answer back.
    pub latency: Duration,
    /// When calls are lost.
    pub outages: Vec<Outage>,
    /// What happens to single calls about attempts: by lane, and by their place in it.
    pub spots: HashMap<(Lane, u32), Fate>,
}

impl Network {
    /// What happens to a call that is sent now; `place` is its place among those of its lane that
    /// are about attempts.
    #[must_use]
    pub fn fate(&self, now: Moment, lane: Lane, rpc: Rpc, place: Option<u32>) -> Fate {
        let spot = place.and_then(|place| self.spots.get(&(lane, place)).copied());
        let usual = Fate { before: self.latency, after: self.latency, loss: Loss::Nothing };
        let fate = spot.unwrap_or(usual);
        let outage = self
            .outages
            .iter()
            .find(|outage| outage.from <= now && now < outage.to && outage.hits.hits(lane, rpc));
        match outage {
            Some(outage) => Fate { loss: outage.loss, ..usual },
            None => fate,
        }
    }

    /// How long a call and its answer take where nothing happens to them.
    #[must_use]
    pub fn round_trip(&self) -> Duration {
        self.latency * 2
    }
}
