//! What is asked of a case, compared with a run that nothing disturbed.

use std::borrow::Cow;

use crate::testing::scene::{Effects, Output};

/// The rule that the user chose.
#[derive(Clone, Copy, Debug)]
pub(in crate::testing) struct Rule {
    pub(in crate::testing) same_result: bool,
    /// Whether there may be no effects but those of an undisturbed run.
    pub(in crate::testing) same_effects: bool,
}

/// What came of a piece of work.
pub(in crate::testing) struct Account {
    /// What it completed with, or how its last attempt ended.
    pub(in crate::testing) result: Result<Output, String>,
    pub(in crate::testing) effects: Effects,
}

/// How many of one kind are listed.
const LISTED: usize = 5;

/// How much is shown of one effect, in characters.
const LONGEST: usize = 500;

impl Rule {
    /// What is wrong with an account, a line each; where it is known, how many effects may be repeated.
    pub(in crate::testing) fn judge(
        self,
        undisturbed: &Account,
        account: &Account,
        may_repeat: Option<u64>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        match (&undisturbed.result, &account.result) {
            (Ok(expected), Ok(found)) if self.same_result && expected != found => {
                wrong.push(format!(
                    "result: {}, and {} undisturbed",
                    found.text(expected),
                    expected.text(found)
                ));
            }
            (_, Err(how)) => wrong.push(format!("it does not complete: the last attempt {how}")),
            _ => {}
        }
        let (expected, found) = (&undisturbed.effects, &account.effects);
        if account.result.is_ok() {
            wrong.extend(missing(expected, found));
        }
        if !self.same_effects {
            return wrong;
        }
        let strange =
            found.keys().map(String::as_str).filter(|effect| !expected.contains_key(*effect));
        wrong.extend(list("never done undisturbed", strange, expected, found));
        let again = found.iter().filter(|(effect, times)| {
            expected.contains_key(*effect) && **times > of(expected, effect)
        });
        let again: Vec<&str> = again.map(|(effect, _)| effect.as_str()).collect();
        let repeats: u64 = again.iter().map(|it| of(found, it) - of(expected, it)).sum();
        if let Some(most) = may_repeat
            && repeats > most
        {
            wrong.push(format!("effects done again: {repeats}, of which {most} may be"));
            wrong.extend(list("repeated", again.into_iter(), expected, found));
        }
        wrong
    }
}

/// The effects that are not there, a line each.
pub(in crate::testing) fn missing(expected: &Effects, found: &Effects) -> Vec<String> {
    let missing = expected.iter().filter(|(effect, times)| of(found, effect) < **times);
    list("missing", missing.map(|(effect, _)| effect.as_str()), expected, found)
}

/// As much of an effect as is shown.
fn shortened(effect: &str) -> Cow<'_, str> {
    match effect.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &effect[..end]).into(),
        None => effect.into(),
    }
}

fn of(counts: &Effects, effect: &str) -> u64 {
    counts.get(effect).copied().unwrap_or_default()
}

fn list<'a>(
    kind: &str,
    effects: impl Iterator<Item = &'a str>,
    expected: &Effects,
    found: &Effects,
) -> Vec<String> {
    let effects: Vec<&str> = effects.collect();
    let listed = effects.iter().take(LISTED).map(|effect| {
        let (found, expected) = (of(found, effect), of(expected, effect));
        format!("{kind}: {}, {found}× instead of {expected}×", shortened(effect))
    });
    let more = effects.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| format!("{kind}: and {more} more"));
    listed.chain(more).collect()
}
