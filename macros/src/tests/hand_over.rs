//! What is said of keys that cannot hold together with a `max_runtime`.

use super::{complaints, expand_block, messages};

fn complaints_of_block(attribute: &str, item: &str) -> Vec<String> {
    messages(&expand_block(attribute, item))
}

#[test]
fn hand_overs_need_a_checkpoint_of_their_own_and_no_limit_of_attempts() {
    let own = r#"heartbeat_timeout = "30s", max_runtime = "10m""#;
    let none = complaints(own, "async fn run(_: Checkpoint<u64>) -> Result<(), E> {}");
    assert!(none.is_empty(), "{none:?}");
    let found = complaints(own, "async fn run(_: Cancellation) -> Result<(), E> {}");
    assert!(found.len() == 1 && found[0].contains("take a `Checkpoint`"), "{found:?}");
    let found = complaints(
        r#"heartbeat_timeout = "30s", max_runtime = "10m", max_attempts = 3,
           start_to_close_timeout = "10m""#,
        "async fn run(_: Checkpoint<u64>) -> Result<(), E> {}",
    );
    assert_eq!(found.len(), 2, "{found:#?}");

    // What a block says holds for those that have something to go on from.
    let block = |keys: &str| {
        complaints_of_block(
            r#"heartbeat_timeout = "30s", max_runtime = "10m""#,
            &format!(
                "impl A {{ #[activity({keys})] async fn run(_: Cancellation) -> Result<(), E> {{}} }}"
            ),
        )
    };
    let none = block(r#"stall_timeout = "1m""#);
    assert!(none.is_empty(), "{none:?}");
    let found = block("max_attempts = 3");
    assert!(found.len() == 1 && found[0].contains("`max_attempts`"), "{found:?}");
}
