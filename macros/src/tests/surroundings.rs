//! What is known of the block around an attribute.

use crate::surroundings::{Surroundings, after, before};

#[test]
fn a_place_is_a_line_and_a_character_of_it() {
    let source = "one\r\n/* \u{e9}\u{e9} */ two\nthree";
    assert_eq!(before(source, 2, 10), "one\r\n/* \u{e9}\u{e9} */ ");
    assert_eq!(before(source, 3, 1), "one\r\n/* \u{e9}\u{e9} */ two\n");
    assert_eq!(before(source, 9, 9), source);
}

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
        "impl T for [u8; 4] {\n    ",
        "impl T for G<{ N }> {\n    ",
        "impl T for fn(u8) {\n    ",
        "/* a /* b */ \" */ impl G {\n    ",
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
        "/* /* a */ impl G { */\n    ",
        "fn a(_: [u8; 2]) -> impl Fn() {\n    ",
        "fn a(_: G<{ N }>) -> impl Fn() {\n    ",
        "fn r#a() -> impl Fn() {\n    ",
        "mod r#impl {\n    ",
        "macro_rules! m { (impl $a:ident) => {\n    ",
        "const A: &str = \"impl G {\";\n    ",
        "",
    ] {
        assert_eq!(after(text), Surroundings::Unknown, "{text}");
    }
}
