//! The mutations, as data: each takes one rule out of the product, or turns it around.
//!
//! `--bin rules` applies them, which takes an hour and is rarely done: so it is a test of every run that each
//! of them still fits the sources.

mod answers;
mod costs;
mod leases;
mod reasons;
mod survival;
mod values;

/// The change of one place in the product's sources.
pub struct Mutation {
    /// What is no longer so, in a few words.
    pub name: &'static str,
    /// The file, from `runtime/src`.
    pub file: &'static str,
    /// What stands there, once.
    pub old: &'static str,
    /// What stands there instead.
    pub new: &'static str,
}

const fn of(
    name: &'static str,
    file: &'static str,
    old: &'static str,
    new: &'static str,
) -> Mutation {
    Mutation { name, file, old, new }
}

/// Every one.
pub fn all() -> impl Iterator<Item = &'static Mutation> {
    let parts = [
        values::MUTATIONS,
        leases::MUTATIONS,
        survival::MUTATIONS,
        answers::MUTATIONS,
        reasons::MUTATIONS,
        costs::MUTATIONS,
    ];
    parts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path};

    use super::*;

    #[test]
    fn what_each_takes_out_stands_in_its_file_once() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
        let misfits = all().filter(|Mutation { file, old, .. }| {
            let source = fs::read_to_string(sources.join(file)).unwrap_or_default();
            source.matches(old).count() != 1
        });
        let misfits: Vec<_> = misfits.map(|Mutation { name, file, .. }| (name, file)).collect();
        assert!(misfits.is_empty(), "their rules have moved: {misfits:?}");
    }

    #[test]
    fn each_changes_something_and_has_a_name_of_its_own() {
        let names: HashSet<_> = all().map(|mutation| mutation.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|Mutation { old, new, .. }| old != new));
    }
}
