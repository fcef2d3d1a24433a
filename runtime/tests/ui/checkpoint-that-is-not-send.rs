use std::rc::Rc;

use autobeat::{Checkpoint, activity};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use temporalio_sdk::activities::ActivityError;

#[derive(Clone, Default)]
struct State(Rc<u64>);

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|number| Self(Rc::new(number)))
    }
}

#[activity(heartbeat_timeout = "30s")]
async fn process(_checkpoint: Checkpoint<State>) -> Result<(), ActivityError> {
    Ok(())
}

fn main() {}
