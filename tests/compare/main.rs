//! What is shown of a comparison is made from the stored numbers alone.

mod account;
mod goals;
mod readme;
mod shown;
mod spread;
