//! Which bodies run where there is no server: in this process alone, and in tests.

use crate::worker::{Context, NoContext};

/// A body that asks for nothing that only a server has.
#[diagnostic::on_unimplemented(
    message = "this activity takes the SDK's `ActivityContext`, which exists on a server alone",
    label = "cannot run without a server",
    note = "take a `Cancellation` or a `Checkpoint` instead"
)]
pub trait WithoutServer: Context + sealed::Sealed {
    #[doc(hidden)]
    fn without_server() -> Self;
}

impl WithoutServer for NoContext {
    fn without_server() -> Self {
        Self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::worker::NoContext {}
}
