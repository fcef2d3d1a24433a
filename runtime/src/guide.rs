//! The manual, a page a subject.
//!
//! Part of the documentation alone: nothing of it is built into a worker.

#[doc = include_str!("guide/blocking.md")]
pub mod blocking {}

#[doc = include_str!("guide/testing.md")]
#[doc = ""]
#[doc = include_str!("guide/what_the_kit_says.md")]
pub mod testing {}

#[doc = include_str!("guide/progress_and_metrics.md")]
pub mod progress_and_metrics {}

#[doc = include_str!("guide/other_languages.md")]
pub mod other_languages {}

#[doc = include_str!("guide/embedded.md")]
pub mod embedded {}

#[doc = include_str!("guide/timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("guide/troubleshooting.md")]
pub mod troubleshooting {}

#[doc = include_str!("guide/how_it_works.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("guide/life_of_an_attempt.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("guide/two_lanes.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("guide/two_lanes.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("guide/rules.md")]
pub mod how_it_works {}

#[doc = include_str!("guide/design.md")]
#[doc = ""]
#[doc = concat!("<div style=\"overflow-x: auto\">\n", include_str!("../docs/what-it-costs.svg"), "</div>")]
#[doc = ""]
#[doc = include_str!("../docs/what-it-costs.md")]
pub mod design {}
