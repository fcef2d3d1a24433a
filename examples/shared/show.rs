//! Progress that people can watch: a bar on a terminal, plain lines elsewhere.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use autobeat::{Checkpoint, CheckpointState};
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

/// How often a bar is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Shows progress as long as it lives.
#[derive(Debug)]
pub struct Shown {
    _watch: AbortOnDropHandle<()>,
    bar: Option<ProgressBar>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        // Cleared, so that what the program says in the end stands alone.
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows where a checkpoint stands, in bytes.
///
/// It looks at a clone of the checkpoint, so the work itself does nothing for it.
pub fn bytes<T: CheckpointState>(
    checkpoint: Checkpoint<T>,
    total: u64,
    position: impl Fn(&T) -> u64 + Send + 'static,
) -> Shown {
    let position = move || position(&checkpoint.get());
    if !stderr().is_terminal() {
        let watch = AbortOnDropHandle::new(tokio::spawn(print(total, position)));
        return Shown { _watch: watch, bar: None };
    }
    let bar = ProgressBar::new(total).with_style(style()).with_position(position());
    bar.reset_eta(); // what an earlier attempt did is no part of this one's rate
    let watch = AbortOnDropHandle::new(tokio::spawn(draw(bar.clone(), position)));
    Shown { _watch: watch, bar: Some(bar) }
}

fn style() -> ProgressStyle {
    let template =
        "{bar:40.cyan/blue} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    // The template is a constant, and its words are the library's.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

async fn draw(bar: ProgressBar, position: impl Fn() -> u64) {
    loop {
        bar.set_position(position());
        sleep(FRAME).await;
    }
}

async fn print(total: u64, position: impl Fn() -> u64) {
    let (began, first) = (Instant::now(), position());
    // In whole milliseconds and bytes: exact, and fine enough to look at.
    loop {
        sleep(Duration::from_secs(1)).await;
        let now = position();
        let (moved, took) = (u128::from(now.saturating_sub(first)), began.elapsed().as_millis());
        let rate = u64::try_from(moved * 1000 / took.max(1)).unwrap_or(u64::MAX);
        let left = total.saturating_sub(now).checked_div(rate).map(Duration::from_secs);
        eprintln!(
            "{:>3} %  {} of {}  {}/s  {} left",
            100 * now / total.max(1),
            HumanBytes(now),
            HumanBytes(total),
            HumanBytes(rate),
            left.map_or_else(|| "unknown time".to_owned(), |left| HumanDuration(left).to_string()),
        );
    }
}
