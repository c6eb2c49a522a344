//! What must not compile, and what the compiler says then: its messages are the ones that users meet, and the
//! documentation explains the unhelpful among them.
//!
//! The texts are those of the compiler that the project is checked with; after a change of either,
//! `TRYBUILD=overwrite cargo test --test compile_fail` writes them anew.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

#[test]
fn what_must_not_compile_does_not_and_says_why() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
