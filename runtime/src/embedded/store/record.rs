//! What is stored of one activity.
//!
//! A message of protobuf, as a server would store it: payloads stay bytes, and a field more is read by
//! what came before it.

use std::hash::{BuildHasher, Hasher, RandomState};

use prost::Message;
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// What is known about an activity that has not completed.
#[derive(Clone, PartialEq, Message)]
pub(in crate::embedded) struct Record {
    #[prost(string, tag = "1")]
    pub(in crate::embedded) activity_type: String,
    #[prost(uint32, tag = "2")]
    pub(in crate::embedded) attempt: u32,
    #[prost(message, repeated, tag = "3")]
    pub(in crate::embedded) details: Vec<Payload>,
    /// Names this piece of work, from its first attempt until it has completed.
    #[prost(string, tag = "4")]
    pub(in crate::embedded) run_id: String,
}

impl Record {
    pub(in crate::embedded) fn new(activity_type: &str) -> Self {
        Self { activity_type: activity_type.to_owned(), run_id: run_id(), ..Self::default() }
    }

    /// The same with a name, which the first versions of the store gave to none.
    pub(in crate::embedded) fn named(mut self) -> Self {
        if self.run_id.is_empty() {
            self.run_id = run_id();
        }
        self
    }
}

/// One that no other run has, as a server writes them: random, in the form of a UUID.
fn run_id() -> String {
    const VERSION: u128 = 0x4000 << 64;
    const VARIANT: u128 = 0x8000 << 48;
    // Not from a generator that a program may seed.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    let id = (random() << 64 | random()) & !(0xf000 << 64) & !(0xc000 << 48) | VERSION | VARIANT;
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
