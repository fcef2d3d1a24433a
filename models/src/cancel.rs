//! The product's files about a cancellation, and their models.

#[path = "../../runtime/src/cancel/reason.rs"]
mod reason;
#[path = "../../runtime/src/cancel/told.rs"]
mod told;

mod telling;

use self::reason::CancelReason;
