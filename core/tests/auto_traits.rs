//! What may be sent, shared, moved and carried across a caught panic: a promise of every public type, which no signature
//! shows and a private field can break. That it compiles is the test.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use concurrent_futures_core::task::{CurrentTask, Stopped};
use concurrent_futures_core::worker::{
    Attention, BlockLimit, Completion, DeferGuard, ExecutorId, QueueGuard, RunningJobs, Wish, WorkerGuard,
};
use concurrent_futures_core::{
    Abandoned, AsCompleted, BuildError, CancelOnDrop, Canceller, CodecError, CodecSide, DeadlineExceeded, DeadlineOf,
    ExitCause, Failed, Future, Initializer, Interrupt, Job, JobHandle, Keyed, KeyedArguments, Map, MapOptions,
    ObserverSlot, Panicked, Promise, Reason, Rejected, Report, ReturnWhen, RunningJob, RunningPromise, Shutdown,
    ShutdownMode, ShutdownReport, Skipped, Started, State, Stats, Tally, TaskError, TaskId, TaskOptions, TimedOut,
    Wait, WatchedFuture, WhenFull, WorkerDied, WorkerDiedBuilder,
};

/// Whether a type has a trait: an inherent constant hides the one of a trait, where its bounds are kept.
macro_rules! has {
    ($type:ty: $trait:path) => {{
        #[allow(dead_code, reason = "where a type has the trait, or hasn't, one of the two is not used")]
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "likewise")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "likewise")]
        impl<T: ?Sized + $trait> Probe<T> {
            const ANSWER: bool = true;
        }
        <Probe<$type>>::ANSWER
    }};
}

/// Exactly those of the five, for each type: `Send`, `Sync`, `Unpin`, `UnwindSafe` and `RefUnwindSafe`.
macro_rules! assert_has {
    ($send:literal $sync:literal $unpin:literal $unwind:literal: $($type:ty),* $(,)?) => {
        const _: () = {
            $(
                assert!(has!($type: Send) == $send, concat!("Send: ", stringify!($type)));
                assert!(has!($type: Sync) == $sync, concat!("Sync: ", stringify!($type)));
                assert!(has!($type: Unpin) == $unpin, concat!("Unpin: ", stringify!($type)));
                assert!(has!($type: UnwindSafe) == $unwind, concat!("UnwindSafe: ", stringify!($type)));
                assert!(has!($type: RefUnwindSafe) == $unwind, concat!("RefUnwindSafe: ", stringify!($type)));
            )*
        };
    };
}

type Numbers = Range<u32>;
type Pairs = std::iter::Zip<Numbers, Numbers>;

// What a user holds, and whatever only says something.
assert_has!(true true true true:
    Abandoned, AsCompleted<Future<u32>>, Attention, BlockLimit, CancelOnDrop<u32>, CodecError, CodecSide, DeadlineExceeded,
    DeadlineOf, ExecutorId, ExitCause, Future<u32>, Interrupt, KeyedArguments<Numbers, u32>, MapOptions, Panicked,
    Promise<u32>, Reason, ReturnWhen, RunningJobs, RunningPromise<u32>, Shutdown, ShutdownMode, ShutdownReport, Skipped,
    State, Stats, Stopped, Tally, TaskId, TaskOptions, TimedOut<u32>, Wait<u32>, WhenFull, Wish, WorkerDied,
    WorkerDiedBuilder);

// What holds somebody else's error, as `std::io::Error` does, or somebody else's code, or a task of any kind.
assert_has!(true true true false:
    BuildError, Canceller, CurrentTask, Failed, Initializer, Job, JobHandle, ObserverSlot, Rejected, Report, RunningJob,
    TaskError, WatchedFuture);

// What has one owner at a time, who may change.
assert_has!(true false true false: Completion, Keyed<'static, Pairs, u32, u32, u32>, Map<'static, Numbers, u32>);

// What belongs to the thread that it was made on.
assert_has!(false false true false: DeferGuard, QueueGuard, Started<'static>, WorkerGuard);

// A future can be sent if its value can, and shared if its value can be both: `get` lends it on any thread.
assert_has!(true false true true: Future<Cell<u32>>);
assert_has!(false false true true: Future<Rc<u32>>);

// A map goes where its input goes.
assert_has!(false false true false: Map<'static, std::vec::IntoIter<Rc<u32>>, u32>);

#[cfg(feature = "portable")]
mod portable {
    use concurrent_futures_core::portable::{Call, Context, Encoded, Serving};

    use super::*;

    assert_has!(true true true true: Call, Encoded);
    assert_has!(true true true false: Context);
    assert_has!(false false true false: Serving);
}

#[cfg(feature = "stream")]
mod stream {
    use concurrent_futures_core::{AsCompletedStream, KeyedStream, MapStream};

    use super::*;

    assert_has!(true true true true: AsCompletedStream<Future<u32>>);
    assert_has!(true false true false: KeyedStream<'static, Pairs, u32, u32, u32>, MapStream<'static, Numbers, u32>);
}

#[cfg(feature = "tracing")]
mod tracing {
    use concurrent_futures_core::context::TracingContext;

    use super::*;

    assert_has!(true true true false: TracingContext);
}
