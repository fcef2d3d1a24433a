//! What is known of the block around an attribute.

use crate::surroundings::{Surroundings, after};

#[test]
fn a_method_is_known_by_the_block_around_it() {
    for text in [
        "impl G {\n    ",
        "impl G { ",
        "impl<T> G<T>\nwhere\n    T: Clone,\n{\n    ",
        "impl\nG\n{\n    ",
        "impl G { // { of methods\n    ",
        "impl G {\n    /// Docs {\n    fn c() { x }\n    ",
        "impl G {\n    const A: &str = \"{\";\n    const B: &str = r#\"{\"{\"#;\n    const C: char = '{';\n    ",
        "impl G {\n    const A: &'static str = \"\\\"{\";\n    const B: char = '\\'';\n    /* { */ ",
        "#[cfg(unix)]\nunsafe impl T for G {\n    ",
        "pub trait T {\n    ",
        "mod m {\n    struct G;\n    impl G {\n        ",
    ] {
        assert_eq!(after(text), Surroundings::AnImplBlock, "{text}");
    }
    for text in [
        "mod m {\n    ",
        "impl G {}\n    ",
        "impl G {\n    }\n    ",
        "impl G {\n    fn a() {\n        ",
        "impl G {\n    const A: () = {\n        ",
        "fn a() ->\n    impl Fn() {\n    ",
        "// impl G {\n    ",
        "const A: &str = \"impl G {\";\n    ",
        "",
    ] {
        assert_eq!(after(text), Surroundings::Unknown, "{text}");
    }
}
