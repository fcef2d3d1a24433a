//! Whatever is written, the macros do not panic, and what a whole item becomes can be parsed.
//!
//! `PROPTEST_CASES=500000` makes a soak of it, best with `--release`.

use std::env;

use proc_macro2::{Group, TokenStream, TokenTree};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{Surroundings, activities_in_block, activity_on_function};

/// What is put into the place of a token.
const SPARE: &str = r#"self & 'a < > :: -> = , ; # ! "30s" "-1s" 0 1.5 {} () [x] fn struct impl for where
    unsafe const extern "C" dyn crate r#type Self Arc Checkpoint ActivityContext record_heartbeat
    activity |x| .. @ $ #[activity] #![allow(x)]"#;

/// One token that is changed.
#[derive(Clone, Debug)]
struct Edit {
    /// In the attribute, or in the item.
    in_attribute: bool,
    /// The way there: which token at each depth, as long as it is a group.
    way: Vec<Index>,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Drop,
    Double,
    Replace(Index),
    Append(Index),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let change = prop_oneof![
        Just(Change::Drop),
        Just(Change::Double),
        any::<Index>().prop_map(Change::Replace),
        any::<Index>().prop_map(Change::Append),
    ];
    let edit = (any::<bool>(), vec(any::<Index>(), 1..6), change)
        .prop_map(|(in_attribute, way, change)| Edit { in_attribute, way, change });
    vec(edit, 1..4)
}

/// Changes one token: at the end of the way, or where it can go no deeper.
fn apply(tokens: TokenStream, way: &[Index], change: &Change, spare: &[TokenTree]) -> TokenStream {
    let mut trees: Vec<TokenTree> = tokens.into_iter().collect();
    let Some((first, deeper)) = way.split_first().filter(|_| !trees.is_empty()) else {
        trees.extend(spare.first().cloned());
        return trees.into_iter().collect();
    };
    let place = first.index(trees.len());
    match (&trees[place], change) {
        (TokenTree::Group(group), _) if !deeper.is_empty() => {
            let inner = apply(group.stream(), deeper, change, spare);
            trees[place] = Group::new(group.delimiter(), inner).into();
        }
        (_, Change::Drop) => drop(trees.remove(place)),
        (token, Change::Double) => trees.insert(place, token.clone()),
        (_, Change::Replace(index)) => trees[place] = index.get(spare).clone(),
        (_, Change::Append(index)) => trees.push(index.get(spare).clone()),
    }
    trees.into_iter().collect()
}

/// Expands one mutant of an attribute on an item.
fn survives(
    expand: fn(TokenStream, &TokenStream) -> TokenStream,
    attribute: &str,
    item: &str,
    edits: &[Edit],
) -> Result<(), TestCaseError> {
    let parse = |text: &str| text.parse::<TokenStream>().unwrap();
    let spare: Vec<TokenTree> = parse(SPARE).into_iter().collect();
    let (mut attribute, mut item) = (parse(attribute), parse(item));
    for Edit { in_attribute, way, change } in edits {
        let target = if *in_attribute { &mut attribute } else { &mut item };
        *target = apply(std::mem::take(target), way, change, &spare);
    }
    let output = expand(attribute.clone(), &item);
    // A broken item is handed back as it is, so that rustc explains it.
    if syn::parse2::<syn::File>(item.clone()).is_ok() {
        let parsed = syn::parse2::<syn::File>(output.clone());
        prop_assert!(parsed.is_ok(), "#[…({attribute})] {item}\n{output}");
    }
    Ok(())
}

/// Some thousands, unless the environment says how many.
fn config() -> ProptestConfig {
    let usual = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if env::var_os("PROPTEST_CASES").is_some() {
        usual
    } else {
        ProptestConfig { cases: 2_500, ..usual }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_function_makes_it_panic(edits in edits()) {
        survives(
            |attribute, item| activity_on_function(attribute, item, Surroundings::Unknown),
            r#"heartbeat_timeout = "30s", heartbeat_interval = "1s", max_attempts = 3,
               retry(initial_interval = "1s", backoff_coefficient = 1.5, non_retryable_error_types = ["A", "B"]),
               cancel_grace = "never", on_bad_checkpoint = "fail", definition = a::b::<c>::d"#,
            "/// Docs
             #[cfg(unix)] pub async fn run(checkpoint: Checkpoint<u64>, cancellation: Cancellation, attempt: Attempt,
                 path: PathBuf, (a, mut b): (u8, Vec<u8>)) -> Result<u64, ActivityError> { body.await? }",
            &edits,
        )?;
    }

    #[test]
    fn no_block_makes_it_panic(edits in edits()) {
        survives(
            activities_in_block,
            r#"heartbeat_timeout = "30s", stall_timeout = "1m", crate = a::b"#,
            r#"#[cfg(unix)] impl Greeter {
                #![allow(unused)]
                const COUNT: usize = 1;
                #[activity] pub(super) fn one(self: Arc<Self>, _: ActivityContext, a: u8) -> R { body }
                #[activity(name = NAME, heartbeat_timeout = "2s")]
                async fn two(_: Checkpoint<u64>, (a, mut b): (u8, Vec<u8>)) -> Result<u64, E> { body.await? }
                fn helper(&self) {}
            }"#,
            &edits,
        )?;
    }
}
