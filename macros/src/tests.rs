//! The whole way from tokens to tokens: what users get.

mod blocks;
mod hand_over;
mod mutations;
mod surroundings;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use proc_macro2::TokenStream;

use super::{
    Surroundings, activities_in_block, activity_on_function, table_of_keys, table_of_retry_keys,
    with_keys, with_retry_keys,
};

fn expand(attribute: &str, item: &str) -> TokenStream {
    activity_on_function(attribute.parse().unwrap(), &item.parse().unwrap(), Surroundings::Unknown)
}

fn expand_block(attribute: &str, item: &str) -> TokenStream {
    activities_in_block(attribute.parse().unwrap(), &item.parse().unwrap())
}

/// Compares a formatted expansion with the one that reviewers read.
///
/// `AUTOBEAT_SNAPSHOTS=overwrite` writes it anew.
fn snapshot(name: &str, attribute: &str, expansion: TokenStream) {
    let file = syn::parse2(expansion).expect("an expansion that parses");
    let found = format!("// #[{attribute}]\n{}", prettyplease::unparse(&file));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/snapshots").join(name);
    if env::var_os("AUTOBEAT_SNAPSHOTS").is_some_and(|word| word == "overwrite") {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "AUTOBEAT_SNAPSHOTS=overwrite writes {} anew", path.display());
}

/// A page of the workspace; none where this crate stands alone, as it is published.
fn page_of_the_workspace(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_packaged = folder.join("Cargo.toml.orig").exists();
    (!is_packaged).then(|| fs::read_to_string(folder.join("..").join(name)).unwrap())
}

#[test]
fn the_table_of_the_manual_is_that_of_the_documentation() {
    let Some(page) = page_of_the_workspace("runtime/src/guide/keys.md") else { return };
    let (_, keys) = page.split_once("# The keys\n\n").expect("a section of the keys");
    let (table, below) = keys.split_once("\n\n").expect("a text below the table");
    assert_eq!(table, with_keys!(table_of_keys).trim_end());
    let (of_retry, _) = below.split_once("\n\n").expect("a text below the second table");
    assert_eq!(of_retry, with_retry_keys!(table_of_retry_keys).trim_end());
}

#[test]
fn the_example_of_the_readme() {
    let keys = r#"heartbeat_timeout = "30s", start_to_close_timeout = "2h""#;
    let expansion = expand(
        keys,
        "/// Counts the lines of a file.
         pub async fn process_large_file(
             checkpoint: Checkpoint<u64>,
             path: PathBuf,
         ) -> Result<u64, ActivityError> {
             Ok(count(checkpoint, path).await?)
         }",
    );
    snapshot("process_large_file.rs", &format!("activity({keys})"), expansion);
}

#[test]
fn a_blocking_function_with_every_handle_and_two_inputs() {
    let keys =
        r#"heartbeat_timeout = "1500ms", cancel_grace = "never", name = "other", crate = beat"#;
    let expansion = expand(
        keys,
        "#[cfg(unix)]
         #[allow(dead_code)]
         fn r#move(
             context: ActivityContext,
             cancellation: beat::Cancellation,
             checkpoint: Checkpoint<State>,
             (left, mut right): (u8, u8),
             _: String,
         ) -> anyhow::Result<()> {
             Ok(())
         }",
    );
    snapshot("blocking.rs", &format!("activity({keys})"), expansion);
}

#[test]
fn a_block_with_activities_of_the_sdk_and_of_ours() {
    let keys = "crate = crate::reexported::autobeat";
    let expansion = expand_block(
        keys,
        r#"
        /// Greets.
        #[cfg(unix)]
        impl Greeter {
            #![allow(unused)]
            const COUNT: usize = 1;

            /// As in the SDK.
            #[activity]
            pub async fn greet(self: Arc<Self>, _: ActivityContext, name: String) -> Result<String, ActivityError> {
                Ok(name)
            }

            #[activity(name = NAME)]
            #[cfg(unix)]
            fn pause(_: ActivityContext) {}

            /// With keys of ours.
            #[activity(heartbeat_timeout = "30s", start_to_close_timeout = "1m")]
            pub(super) async fn greet_all(self: Arc<Self>, done: Checkpoint<u64>, (a, b): (u8, u8), c: u8) -> anyhow::Result<()> {
                Ok(())
            }

            fn helper(&self) {}
        }"#,
    );
    snapshot("greeter.rs", &format!("activities({keys})"), expansion);
}

/// All the messages of one expansion.
fn complaints(attribute: &str, item: &str) -> Vec<String> {
    messages(&expand(attribute, item))
}

/// The messages, each once: where one stands in the place of a type as well, the compiler shows it once.
fn messages(expansion: &TokenStream) -> Vec<String> {
    let text = expansion.to_string();
    let messages = text.split("compile_error ! { \"").skip(1);
    let mut found: Vec<String> = Vec::new();
    for message in messages.filter_map(|rest| rest.split("\" }").next()) {
        if !found.iter().any(|earlier| earlier == message) {
            found.push(message.to_owned());
        }
    }
    found
}

const TIMEOUT: &str = r#"heartbeat_timeout = "30s""#;

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let found = complaints(
        r#"heartbeat_timeout = "30s", heartbeat_interval = "20s", stall_timeout = "1s""#,
        "fn broken<T>(ctx: ActivityContext, input: &str, checkpoint: Checkpoint, broken: impl Copy) {
             ctx.record_heartbeat(1)
         }",
    );
    for part in [
        "at most half",
        "`stall_timeout` must not be below",
        "cannot be generic",
        "returns a `Result`",
        "take `String` for `&str`",
        "`Checkpoint<u64>`",
        "not `impl Trait`",
        "comes before the inputs",
        "the activity's own name",
        "heartbeats by itself",
    ] {
        assert!(found.iter().any(|message| message.contains(part)), "{part} in {found:#?}");
    }
    assert_eq!(found.len(), 10, "{found:#?}");
}

#[test]
fn timeouts_must_fit_into_each_other() {
    let found = complaints(
        r#"heartbeat_timeout = "2h", start_to_close_timeout = "2h",
           schedule_to_close_timeout = "1h", schedule_to_start_timeout = "3h""#,
        "async fn run() -> R {}",
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn a_missing_timeout_is_missed_once() {
    let missing = complaints("", "async fn run() -> R {}");
    assert!(missing.len() == 1 && missing[0].contains("needs a heartbeat timeout"), "{missing:?}");
    let wrong = complaints("heartbeat_timeout = 30", "async fn run() -> R {}");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn only_functions_are_activities() {
    for item in
        ["struct S;", "trait T { fn run(&self); }", "impl S { fn run(&self) {} }", "mod m {}"]
    {
        let found = complaints(TIMEOUT, item);
        assert!(found.len() == 1 && found[0].contains("`#[activity]` goes on"), "{found:?}");
    }
    let method = complaints(TIMEOUT, "async fn run(&self) -> R {}");
    assert!(method.len() == 1 && method[0].contains("a block with `#[activities]`"), "{method:?}");
}

#[test]
fn everything_that_is_wrong_with_a_block_is_said_at_once() {
    let found = messages(&expand_block(
        r#"heartbeat_timeout = "30s", name = "all""#,
        r#"impl Greeter {
            #[activity(crate = other)]
            async fn one(&self) -> R {}
            #[activity(heartbeat_interval = "20s")]
            async fn two(self: Arc<Self>, input: &str) -> R {}
            #[activity]
            async fn three(checkpoint: Checkpoint<u64>) {}
            #[activity] #[activity]
            async fn four() -> R {}
        }"#,
    ));
    for part in [
        "`name` is one activity's",
        "`crate` holds for the block",
        "`self: Arc<Self>`",
        "take `String` for `&str`",
        "returns a `Result`",
        "written twice",
    ] {
        assert!(found.iter().any(|message| message.contains(part)), "{part} in {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn what_is_wrong_with_the_keys_of_a_block_is_said_once() {
    let found = messages(&expand_block(
        r#"heartbeat_timeout = "30s", heartbeat_interval = "20s""#,
        "impl Greeter { #[activity] async fn one() -> R {} #[activity] async fn two() -> R {} }",
    ));
    assert!(found.len() == 1 && found[0].contains("at most half"), "{found:#?}");
}

#[test]
fn a_key_of_a_method_goes_before_that_of_its_block() {
    let text = expand_block(
        r#"heartbeat_timeout = "30s", max_attempts = 3"#,
        r#"impl Greeter { #[activity(heartbeat_timeout = "2s")] async fn one() -> R {} }"#,
    )
    .to_string();
    assert!(text.contains("from_secs (2u64)") && !text.contains("30u64"), "{text}");
    assert!(text.contains("max_attempts (3u32)"), "{text}");
}

#[test]
fn a_method_without_keys_takes_what_the_sdk_takes() {
    let plain = |item: &str| messages(&expand_block("", &format!("impl Greeter {{ {item} }}")));
    assert_eq!(
        plain("#[activity] fn one(_: ActivityContext, a: Checkpoint<u8>) {}"),
        [] as [&str; 0]
    );
    let found = plain("#[activity] async fn one(name: String) -> R {}");
    assert!(found.len() == 1 && found[0].contains("`ActivityContext`"), "{found:#?}");
}

#[test]
fn only_blocks_of_a_type_hold_activities() {
    const METHOD: &str = "#[activity] fn run(_: ActivityContext) -> R {}";
    for (item, part) in [
        ("fn run() -> R {}".to_owned(), "a free function takes `#[activity]`"),
        ("struct S;".to_owned(), "on an `impl` block"),
        (format!("impl Trait for S {{ {METHOD} }}"), "not on that of a trait"),
        (format!("impl<T> S<T> {{ {METHOD} }}"), "cannot be generic"),
        (format!("impl [u8] {{ {METHOD} }}"), "a type with a name"),
        ("impl S { fn run(&self) {} }".to_owned(), "no activity in this block"),
    ] {
        let found = messages(&expand_block("", &item));
        assert!(found.len() == 1 && found[0].contains(part), "{item}: {found:#?}");
    }
}

#[test]
fn a_wrong_method_does_not_hide_the_others() {
    let text = expand_block(
        "",
        "impl Greeter {
            #[activity] async fn wrong(&self, _: ActivityContext) -> R {}
            #[activity] async fn right(_: ActivityContext) -> R { unfinished. }
        }",
    )
    .to_string();
    assert!(text.contains("fn __wrong_body_of_wrong (& self"), "{text}");
    assert!(text.contains("const right"), "{text}");
    assert!(text.contains("const wrong"), "it can still be named: {text}");
}

#[test]
fn what_uses_the_activity_still_finds_it_when_a_key_is_wrong() {
    let text = expand("start_to_close_timeout = 30", "async fn run() -> R {}").to_string();
    assert!(text.contains("struct run") && text.contains("fn options"), "{text}");
}

#[test]
fn a_half_typed_body_keeps_its_tokens() {
    let text = expand(TIMEOUT, "async fn run() -> R { checkpoint. ; let x = }").to_string();
    assert!(text.contains("checkpoint . ; let x ="), "{text}");
}

#[test]
fn a_heartbeat_of_ones_own_is_one_of_the_context_alone() {
    let complains = |parameters: &str, body: &str| {
        let item = format!("async fn run({parameters}) -> Result<(), E> {{ {body} }}");
        complaints(TIMEOUT, &item).iter().any(|message| message.contains("heartbeats by itself"))
    };
    let context = "context: ActivityContext";
    assert!(complains(context, "context.record_heartbeat(1).await?"));
    assert!(complains(context, "for x in y { f(async { context.record_heartbeat(x) }) }"));
    assert!(complains(context, "f(&context, 1); context.record_heartbeat(1)"));
    for body in [
        "record_heartbeat(&context)",
        "let record_heartbeat = 1;",
        "other.context.record_heartbeat(1)",
        "let context = other(); context.record_heartbeat(1)",
        "with(|context| context.record_heartbeat(1))",
        "for context in other { context.record_heartbeat(1) }",
        "let Parts { context, .. } = parts; context.record_heartbeat(1)",
        "fold(x, |context, item| context.record_heartbeat(item))",
        "match p { (context, _) => context.record_heartbeat(1) }",
        "match p { Some(context) if ok => context.record_heartbeat(1) }",
        "Recorder::new(context).record_heartbeat(1)",
    ] {
        assert!(!complains(context, body), "{body}");
    }
    assert!(!complains("done: Checkpoint<u64>", "done.record_heartbeat(1)"));
}

#[test]
fn a_span_has_the_name_of_the_activity() {
    let text = |attribute: &str| {
        expand(TIMEOUT, &format!("#[{attribute}] async fn run() -> Result<(), E> {{}}")).to_string()
    };
    assert!(text("tracing::instrument").contains(r#"instrument (name = "run" ,)"#));
    assert!(text("instrument(skip_all)").contains(r#"instrument (name = "run" , skip_all)"#));
    assert!(text(r#"instrument(name = "mine")"#).contains(r#"instrument (name = "mine")"#));
}

#[test]
fn what_is_expected_is_expected_once() {
    let text = expand(
        TIMEOUT,
        r#"#[expect(unused_variables, dead_code, reason = "why")] async fn run() -> Result<(), E> {}"#,
    )
    .to_string();
    assert_eq!(text.matches("expect (unused_variables").count(), 1, "{text}");
    assert_eq!(text.matches("expect (dead_code").count(), 0, "{text}");
}

#[test]
fn an_editor_finds_the_words_of_a_key_at_its_value() {
    let keys = r#"heartbeat_timeout = "30s", cancellation_type = wai"#;
    for expansion in [
        expand(keys, "async fn process() -> Result<(), ActivityError> { Ok(()) }"),
        expand_block(
            "",
            &format!(
                "impl Greeter {{ #[activity({keys})] async fn greet() -> Result<(), E> {{}} }}"
            ),
        ),
    ] {
        let expansion = expansion.to_string().replace(' ', "");
        let words = "modcancellation_type{use::autobeat::__private::words::cancellation_type::*;\
                     useself::{waias_};}";
        assert!(expansion.contains(words), "{expansion}");
    }
}
