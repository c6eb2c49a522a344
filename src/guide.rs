//! The long documents, as chapters: they are there for rustdoc alone, and name nothing that a program could use.
//!
//! | you want to | read |
//! |---|---|
//! | come from `concurrent.futures`, rayon, procspawn, tokio, threadpool or std | [`migrating`] |
//! | know how a call behaves, beside Python's, and which test holds it | [`semantics`] |
//! | know what the compiler means where it says it badly | [`semantics`, at its end](semantics#what-the-compiler-says) |
//! | know what happens if something fails: which outcome, who notices, what is lost | [`failure_model`] |
//! | use the pools in an async program | [`async_programs`] |
//! | write an executor, from thirty lines to workers that are elsewhere | [`writing_an_executor`] |
//!
//! # Files
//!
//! What a chapter names by a path lies in the repository, from its root: the tests, the sources, the examples. The
//! chapters themselves are there in `docs`, beside others for who changes the library or judges it:
//! `docs/architecture.md` (how a task travels, and where each thing is), `docs/decisions` (why it is so),
//! `docs/dependencies.md` (reasons and alternatives), `docs/mutations.md` (what was broken on purpose, and which test
//! noticed) and `docs/performance` (what was measured). The package of this crate has `docs` and `examples` too:
//! `examples/own_executor.rs` is the smallest executor, and `examples/remote_executor` one whose workers are elsewhere.
//! The suite for executors is a crate of its own, `concurrent-futures-conformance`.

/// A document whose links lead to the other chapters, where in the repository they lead to the other documents: of two
/// definitions of a link the first counts, and those at the end of each document come second.
macro_rules! chapter {
    ($name:ident, $document:literal) => {
        #[doc = "[async]: crate::guide::async_programs"]
        #[doc = "[context]: crate::context"]
        #[doc = "[failure-model]: crate::guide::failure_model"]
        #[doc = "[migrating#from-concurrentfutures]: crate::guide::migrating#from-concurrentfutures"]
        #[doc = "[semantics]: crate::guide::semantics"]
        #[doc = "[architecture#the-process-pool]: crate::guide#files"]
        #[doc = "[conformance]: crate::guide#files"]
        #[doc = "[mutations]: crate::guide#files"]
        #[doc = "[own_executor]: crate::guide#files"]
        #[doc = "[remote_executor]: crate::guide#files"]
        #[doc = include_str!($document)]
        pub mod $name {}
    };
}

chapter!(migrating, "../docs/migrating.md");
chapter!(semantics, "../docs/semantics.md");
chapter!(failure_model, "../docs/failure-model.md");
chapter!(async_programs, "../docs/async.md");
chapter!(writing_an_executor, "../docs/writing-an-executor.md");
