//! What a worker says about the activities that are registered with it.

use std::{fs, sync::Arc};

use autobeat::activity;
use temporalio_sdk::{WorkerOptions, activities::ActivityError};

mod other {
    use super::{ActivityError, activity};

    /// Not the activity of that name outside.
    #[activity(heartbeat_timeout = "2s", name = "twin")]
    pub(super) async fn twin() -> Result<(), ActivityError> {
        std::future::ready(Ok(())).await
    }
}

/// Not the activity of that name inside.
#[activity(heartbeat_timeout = "2s")]
async fn twin() -> Result<(), ActivityError> {
    std::future::ready(Ok(())).await
}

#[test]
fn two_activities_of_one_name_are_warned_of() {
    let said = tempfile::NamedTempFile::new().unwrap();
    let listener = tracing_subscriber::fmt().with_writer(Arc::new(said.reopen().unwrap())).finish();
    tracing::subscriber::with_default(listener, || {
        WorkerOptions::new("queue")
            .register_activities(twin)
            .register_activities(other::twin)
            .build()
    });
    let said = fs::read_to_string(said.path()).unwrap();
    assert!(said.contains("WARN") && said.contains("`twin`"), "{said:?}");
}
