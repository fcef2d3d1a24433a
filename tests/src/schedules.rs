//! Schedules drawn from a seed, run in worlds of their own, and judged step by step.
//!
//! # Whether the judge would notice
//!
//! `cargo run --release -p autobeat-tests --bin rules` takes one rule at a time out of a copy of the
//! product, and counts the seeds, from 1, until a schedule is judged to be broken.
//!
//! | no longer so | who notices | after seeds |
//! |---|---|---:|
//! | a commit returns when it is sent | a commit holds | 3 |
//! | a beat settles its own version whatever is on its way | a commit holds | 565 |
//! | a commit is sent at once whatever is on its way | one request an interval | 47 |
//! | a report of the SDK never lands late | a commit holds | 790 |
//! | an abandoned beat never lands late | a commit holds | 565 |
//! | the settling time is one round trip | one request an interval | 571 |
//! | the settling time has no floor | a commit holds | 4603 |
//! | what the last attempt left is not loaded | the next attempt starts from what was committed | 14 |
//! | a beat before the first save has no details | a commit holds | 14 |
//! | what the last attempt left is not kept | a commit holds | 3589 |
//! | what was acknowledged last is not kept | a commit holds | 47 |
//! | a failure leaves what was acknowledged last | a failure leaves the newest checkpoint | 24 |
//! | a failure leaves what the SDK was given last | a failure leaves the newest checkpoint | 24 |
//! | an attempt goes on beside a later one | an earlier attempt of its number falls silent | 1151 |
//! | the lease counts from the answer | no body is polled after its lease | 1700 |
//! | the first lease counts from when the worker knew | no body is polled after its lease | 265 |
//! | what came late begins at once | what may be over asks before it begins | 3 |
//! | what the server knows no more begins all the same | what may be over asks before it begins | 329 |
//! | no look at the clock before a poll | an attempt survives short trouble | 4791 |
//! | nobody is told that the lease is over | time passes | 96 |
//! | nobody is told that the deadline is over | time passes | 45 |
//! | the deadline ends no lease | no body is polled after its lease | 45 |
//! | the grace is never over | time passes | 61 |
//! | the interval is as long as the timeout | an attempt survives short trouble | 26 |
//! | beats that nobody answers are waited for | an attempt survives short trouble | 52 |
//! | a slow answer is a lost one | an attempt survives short trouble | 964 |
//! | tries come no closer as a lease ends | an attempt survives short trouble | 993 |
//! | tries after the end come no closer as a lease ends | an attempt survives short trouble | 2801 |
//! | a try after the end is waited for however little is left of the lease | an attempt survives short trouble | 3546 |
//! | the SDK's lane is never served | the reason is true | 14 |
//! | the SDK's lane is served where an interval is long | an attempt survives short trouble | 3370 |
//! | the SDK's lane carries two beats in a row | an attempt survives short trouble | 9666 |
//! | it is asked for an answer when its lease is over | no result is lost or late | 28 |
//! | an answer that the SDK lost is not said again | an attempt survives short trouble | 14 |
//! | an answer that the server has is said again | an answer that the server has is not said again | 2 |
//! | another answer is said than the SDK was given | cancelled only where requested | 14 |
//! | it is tried for ever | it never ends | 50 |
//! | beats go on though the server knows the attempt no more | nothing is sent after the end | 1602 |
//! | a pause is answered as cancelled | cancelled only where requested | 5 |
//! | a cancellation wins over a body that is done | what a body returned is its answer | 32 |
//! | nobody asks why | the reason is true | 65 |
//! | a give-up of the SDK is taken for a shutdown | the reason is true | 38 |
//! | a request to cancel does not win over a pause | a request to cancel is answered as one | 1592 |
//! | a pause is taken for a request to cancel | cancelled only where requested | 5 |
//! | progress is not seen | the reason is true | 179 |
//! | the interval is half as long | what may be over asks before it begins | 17 |
//! | a refused beat is followed at once | a failed beat is not tried in a loop | 6 |
//! | the task looks at its clocks all the time | a worker sleeps between beats | 1 |
//! | a moment stays in the past | it never ends | 50 |
//!
//! Of these the library's own tests are the only ones to notice within 10,000 seeds. Another rule heals what one
//! alone would break, or what they keep is no promise of the schedules:
//!
//! | no longer so | why no schedule breaks |
//! |---|---|
//! | what is too large is sent again | the beat after it carries what was kept, so that every other one renews the lease |
//! | the SDK answers for an attempt that a reset gave another number | the server refuses that, and ours is said a second later; no other test reaches it |
//! | a refused beat is followed after an interval | tries come closer as a lease ends, whatever the first pause is |
//! | a widened interval reaches past the last eighth | its room ends before that, but for tiny timeouts |
//! | an attempt waits for its peers when it is its turn | a world has too few attempts to use up all tries: `tests/misuse/crowded_out.rs` has enough |
//! | the SDK's lane is served within its throttle | its spacing is longer than that by itself |
//! | the SDK's lane carries beats in trouble | a report that lands past its settling time may overwrite a commit until the next beat, which is counted |
//! | the SDK's lane is served in trouble | the same |
//! | the SDK's lane carries the beat that a commit waits for | the commit's own beat goes out all the same: it costs a request |
//! | pressure widens an interval beyond its room | twice a third of the timeout still ends before the lease does |
//! | lost beats leave an interval widened | the same, and tries do not wait for the interval |
//! | a cancellation in a shutdown is left to the SDK | the server takes its failure, and the next attempt is told of the request |
//! | a shutdown is taken for a give-up of the SDK | the attempt goes on, and ends with its worker |
//! | the heartbeat goes on after its attempt | its task is ended, it is stopped, and its owner stops it when dropped: each is enough |
//! | what shows the progress is kept after its attempt | no body of a schedule shows its progress |

pub mod body;
pub mod generate;
pub mod judge;
pub mod mutations;
pub mod run;
pub mod schedule;
pub mod search;
pub mod story;
pub mod variants;
pub mod witness;
