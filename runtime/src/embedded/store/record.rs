//! What is stored of one activity.
//!
//! A message of protobuf, as a server would store it: payloads stay bytes, and a field more is read by
//! what came before it.

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
}

impl Record {
    pub(in crate::embedded) fn new(activity_type: &str) -> Self {
        Self { activity_type: activity_type.to_owned(), ..Self::default() }
    }
}
