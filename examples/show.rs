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

/// Shows where a checkpoint stands, as long as what it returns lives.
///
/// It looks at a clone of the checkpoint, so the work itself does nothing for it.
pub fn bytes<T: CheckpointState>(
    checkpoint: Checkpoint<T>,
    total: u64,
    position: impl Fn(&T) -> u64 + Send + 'static,
) -> AbortOnDropHandle<()> {
    let position = move || position(&checkpoint.get());
    AbortOnDropHandle::new(if stderr().is_terminal() {
        tokio::spawn(draw(total, position))
    } else {
        tokio::spawn(print(total, position))
    })
}

async fn draw(total: u64, position: impl Fn() -> u64) {
    let style = "{bar:40.cyan/blue} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
    // The template is a constant, and its words are the library's.
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style).with_position(position());
    bar.reset_eta(); // what an earlier attempt did is no part of this one's rate
    // Cleared when the task is stopped, so that a summary stands alone.
    let bar = Cleared(bar);
    loop {
        bar.0.set_position(position());
        sleep(FRAME).await;
    }
}

struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

async fn print(total: u64, position: impl Fn() -> u64) {
    let (began, first) = (Instant::now(), position());
    loop {
        sleep(Duration::from_secs(1)).await;
        let now = position();
        let rate = (now - first) as f64 / began.elapsed().as_secs_f64();
        let left = Duration::try_from_secs_f64((total - now.min(total)) as f64 / rate);
        eprintln!(
            "{:>3} %  {} of {}  {}/s  {} left",
            100 * now / total.max(1),
            HumanBytes(now),
            HumanBytes(total),
            HumanBytes(rate as u64),
            left.map_or_else(|_| "unknown time".to_owned(), |left| HumanDuration(left).to_string()),
        );
    }
}
