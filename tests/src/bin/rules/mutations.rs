//! The mutations, as data: each takes one rule out of the product, or turns it around.

mod answers;
mod costs;
mod leases;
mod reasons;
mod survival;
mod values;

/// The change of one place in the product's sources.
pub(crate) struct Mutation {
    /// What is no longer so, in a few words.
    pub(crate) name: &'static str,
    /// The file, from `runtime/src`.
    pub(crate) file: &'static str,
    /// What stands there, once.
    pub(crate) old: &'static str,
    /// What stands there instead.
    pub(crate) new: &'static str,
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
pub(crate) fn all() -> impl Iterator<Item = &'static Mutation> {
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
