//! Activities that follow one another until they are told to end.

use std::{env, fs, process, time::Duration};

use futures_util::future::try_join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Account, Kind};
use crate::{compare::stage::Stage, ledger::Ledger, program::say, workflows::Outcome};

/// How long an activity may take that nothing disturbs any more, past all that it went through.
const PATIENCE: Duration = Duration::from_mins(8);

/// What became of the activities of one kind.
#[derive(Clone, Debug)]
pub struct Share {
    /// Which they are.
    pub kind: Kind,
    /// Each of them.
    pub accounts: Vec<Account>,
}

/// Keeps activities of all kinds going until the end, and then waits for those that have begun.
pub async fn run(
    stage: &Stage,
    task_queue: &str,
    kinds: &[Kind],
    end: &CancellationToken,
) -> anyhow::Result<Vec<Share>> {
    try_join_all(kinds.iter().map(|kind| share(stage, task_queue, kind, end))).await
}

async fn share(
    stage: &Stage,
    task_queue: &str,
    kind: &Kind,
    end: &CancellationToken,
) -> anyhow::Result<Share> {
    let lines = (0..kind.at_once).map(|_| one_after_another(stage, task_queue, kind, end));
    Ok(Share { kind: *kind, accounts: try_join_all(lines).await?.concat() })
}

async fn one_after_another(
    stage: &Stage,
    task_queue: &str,
    kind: &Kind,
    end: &CancellationToken,
) -> anyhow::Result<Vec<Account>> {
    let mut accounts = Vec::new();
    while !end.is_cancelled() {
        let account = one(stage, task_queue, kind).await?;
        for broken in &account.broken {
            say(&format!("{}: {broken}", kind.title));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

async fn one(stage: &Stage, task_queue: &str, kind: &Kind) -> anyhow::Result<Account> {
    let activity = stage.start_of(kind, task_queue).await?;
    let outcome = match timeout(PATIENCE, activity.outcome_at_last()).await {
        Ok(outcome) => format!("{:?}", outcome?),
        Err(_) => format!("not over within {PATIENCE:?}"),
    };
    let mut account = Account::of(&activity.ledger().entries(), kind);
    let expected = format!("{:?}", Outcome::Completed(kind.items));
    if outcome != expected {
        account.broken.push(format!("{outcome}, not {expected}"));
    }
    if !account.broken.is_empty() {
        account.broken.push(format!("its ledger is kept as {}", keep(activity.ledger())?));
    }
    // What was judged is not needed any more, and there are thousands of them.
    fs::remove_file(activity.ledger().path())?;
    Ok(account)
}

/// Copies a ledger to where it stays.
fn keep(ledger: &Ledger) -> anyhow::Result<String> {
    let name = format!("autobeat-broken-{}-{}", process::id(), fastrand::u32(..));
    let kept = env::temp_dir().join(name);
    fs::copy(ledger.path(), &kept)?;
    Ok(kept.display().to_string())
}
