//! Which bodies run where there is no server, in this process alone and in tests; and which without an
//! instance.

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

/// What an activity is called on where nobody hands over an instance: nothing.
#[diagnostic::on_unimplemented(
    message = "this activity is called on an instance, which nobody hands over here",
    label = "a method with `self`",
    note = "a check and a trial take the instance with `of_method`; the embedded engine runs functions, and methods without `self`"
)]
pub trait WithoutInstance: Clone + Send + sealed::Sealed + 'static {
    #[doc(hidden)]
    fn without_instance() -> Self;
}

impl WithoutInstance for () {
    fn without_instance() -> Self {}
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for crate::worker::NoContext {}
}
