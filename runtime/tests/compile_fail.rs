//! One mistake a case: what the compiler says about it, judged by the pinned toolchain.

#[test]
fn each_mistake_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
