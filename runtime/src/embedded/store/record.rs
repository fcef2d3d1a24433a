//! What is stored of one activity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// What is known about an activity that has not completed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::embedded) struct Record {
    pub(in crate::embedded) activity_type: String,
    pub(in crate::embedded) attempt: u32,
    details: Vec<StoredPayload>,
}

/// A payload with everything that a server would store of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StoredPayload {
    metadata: BTreeMap<String, Vec<u8>>,
    data: Vec<u8>,
}

impl Record {
    pub(in crate::embedded) fn new(activity_type: &str) -> Self {
        Self { activity_type: activity_type.to_owned(), attempt: 0, details: Vec::new() }
    }

    pub(in crate::embedded) fn details(&self) -> Vec<Payload> {
        let restore = |stored: &StoredPayload| Payload {
            metadata: stored.metadata.clone().into_iter().collect(),
            data: stored.data.clone(),
            ..Payload::default()
        };
        self.details.iter().map(restore).collect()
    }

    pub(in crate::embedded) fn set_details(&mut self, payloads: &[Payload]) {
        let store = |payload: &Payload| StoredPayload {
            metadata: payload.metadata.clone().into_iter().collect(),
            data: payload.data.clone(),
        };
        self.details = payloads.iter().map(store).collect();
    }
}
