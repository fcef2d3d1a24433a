//! The product's files about a checkpoint, and their models.

#[path = "../../runtime/src/checkpoint/acknowledgements.rs"]
mod acknowledgements;
#[path = "../../runtime/src/checkpoint/saved.rs"]
mod saved;
#[path = "../../runtime/src/checkpoint/showing.rs"]
mod showing;

mod committing;
mod progress;
mod saving;
