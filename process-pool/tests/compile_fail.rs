//! What must not compile on a process pool, and what the compiler says then. What is the same on every executor stands in
//! the thread pool's `compile_fail`.
//!
//! The texts are those of the compiler that the project is checked with; after a change of either,
//! `TRYBUILD=overwrite cargo test --test compile_fail` writes them anew.

#[test]
fn what_must_not_compile_does_not_and_says_why() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
