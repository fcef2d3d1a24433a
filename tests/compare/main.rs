//! What is shown of a comparison is made from the stored numbers alone.

// Numbers that are rounded to thousandths are the same, or they are not.
#![allow(clippy::float_cmp)]

mod account;
mod goals;
mod readme;
mod shown;
mod spread;
