//! The promises, by topic: each a function that takes a [`Backend`](crate::Backend) and panics if the promise is broken.
//!
//! They are public so that a backend's author can call one alone; the macros
//! [`portable_tests`](crate::portable_tests), [`encoding_tests`](crate::encoding_tests) and
//! [`in_process_tests`](crate::in_process_tests) make a test of each. L1 to L8 are the promises of a future's life and
//! M1 to M5 those of `map`, H1 to H4 those of context hooks, as numbered in the core crate's sources; F-, E-, W-, S-, P-, T- and X-numbers are those of the
//! semantics that the project compares itself by. Where a promise comes from a test of CPython, loky, pebble, mpi4py or
//! procspawn, that is named.

pub mod as_completed;
pub mod awaiting;
pub mod callbacks;
pub mod cancel;
pub mod context;
pub mod drops;
pub mod encoding;
pub mod exits;
pub mod failure;
pub mod kill;
pub mod map;
pub mod nesting;
pub mod order;
pub mod release;
pub mod shutdown;
pub mod spawn;
pub mod submit;
mod tasks;
pub mod wait;
pub mod window;
