//! What is said of a block, and of the instance of its methods.

use super::{TIMEOUT, expand_block, messages};

#[test]
fn a_second_attribute_of_a_block_is_said_once_and_its_keys_hold() {
    let block = r#"#[activities(heartbeat_timeout = "30s", start_to_close_timeout = "1h")]
        impl Greeter { #[activity] async fn greet() -> Result<(), E> {} }"#;
    let expansion = expand_block("", block);
    assert_eq!(messages(&expansion), ["`#[activities]` is written twice"]);
    let text = expansion.to_string();
    assert!(text.contains("fn options") && !text.contains("activities (heart"), "{text}");
}

#[test]
fn an_instance_is_one_by_its_type_whatever_it_is_called() {
    let block = |first| {
        format!(
            "impl Greeter {{ #[activity] async fn greet({first}, done: Checkpoint<u64>) -> R {{}} }}"
        )
    };
    for first in ["this: Arc<Self>", "_: &Self", "me: &mut Self", "it: std::rc::Rc<Self>"] {
        let said = messages(&expand_block(TIMEOUT, &block(first)));
        assert_eq!(
            said,
            ["the instance that a method is called on is named `self`: write `self: Arc<Self>`"]
        );
    }
    let said = messages(&expand_block(TIMEOUT, &block("greeter: Self")));
    assert!(said.iter().any(|it| it.ends_with("write the type's name, not `Self`")), "{said:?}");
}
