//! A `scope` doesn't end as if nothing were wrong where a task has failed unseen.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{Door, bounded, hold, pool};
use concurrent_futures_thread_pool::{ReturnWhen, Shutdown, TaskError, TaskOptions, ThreadPool, WhenFull, wait};

/// What a scope panics with because of its tasks.
fn panic_of_scope(scope: impl FnOnce()) -> Option<String> {
    catch_unwind(AssertUnwindSafe(scope)).err().map(|payload| *payload.downcast::<String>().expect("a text"))
}

fn bad() -> TaskOptions {
    TaskOptions::new().label("bad")
}

#[test]
fn a_scope_whose_task_panicked_unseen_panics_with_its_message_when_all_have_ended() {
    bounded(|| {
        let pool = pool(2);
        let door = Door::default();
        let ended = AtomicBool::new(false);
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                scope.spawn(|| {
                    door.pass();
                    ended.store(true, Ordering::Relaxed);
                });
                scope.spawn_with(bad(), || panic!("the half that is missing"));
                scope.spawn(|| door.open());
            });
        });
        let text = text.expect("nobody looked");
        assert!(text.contains("`bad`") && text.contains("the half that is missing"), "{text}");
        assert!(ended.into_inner());
    });
}

#[test]
fn a_scope_that_fails_tells_the_failure_of_the_first_spawn() {
    bounded(|| {
        let pool = pool(1);
        for _ in 0..200 {
            let text = panic_of_scope(|| {
                pool.scope(|scope| (0..3).for_each(|n| drop(scope.spawn(move || assert!(n == 0, "number {n}")))));
            });
            assert!(text.is_some_and(|text| text.contains("number 1")));
        }
    });
}

#[test]
fn a_scope_whose_task_was_refused_unseen_panics_and_says_why() {
    bounded(|| {
        let full = ThreadPool::builder().max_workers(1).max_pending(1, WhenFull::Reject).build().unwrap();
        let held = hold(&full);
        let text = panic_of_scope(|| {
            full.scope(|scope| {
                let queued = scope.spawn(|| ());
                scope.spawn(|| ());
                held.release();
                queued.result().unwrap();
            });
        });
        assert!(text.is_some_and(|text| text.contains("max_pending (1)")));
        let ended = pool(1);
        ended.shutdown(Shutdown::drain());
        let text = panic_of_scope(|| ended.scope(|scope| drop(scope.spawn(|| ()))));
        assert!(text.is_some_and(|text| text.contains("shut down")));
    });
}

#[test]
fn a_failure_that_somebody_looked_at_is_not_passed_on_by_the_scope() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = channel();
        pool.scope(|scope| {
            let fail = || scope.spawn(|| panic!("as this test wants it"));
            assert!(matches!(fail().result(), Err(TaskError::Panicked(_))));
            assert!(fail().as_future().error().is_some());
            let called = fail();
            called.as_future().add_done_callback(move |outcome| tell.send(outcome.is_err()).unwrap());
        });
        assert!(told.recv().unwrap());
    });
}

#[test]
fn a_failure_that_was_only_waited_for_is_passed_on() {
    bounded(|| {
        let pool = pool(1);
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                let failed = scope.spawn(|| panic!("as this test wants it"));
                wait([failed.as_future()], ReturnWhen::AllCompleted, None);
                failed.wait();
            });
        });
        assert!(text.is_some_and(|text| text.contains("as this test wants it")));
    });
}

#[test]
fn a_task_that_the_user_cancelled_is_no_failure_of_the_scope_and_one_that_a_shutdown_did_is() {
    bounded(|| {
        for shuts_down in [false, true] {
            let pool = pool(1);
            let text = panic_of_scope(|| {
                pool.scope(|scope| {
                    let held = hold(&pool);
                    let (mine, other) = (scope.spawn(|| ()), scope.spawn_with(bad(), || ()));
                    assert!(mine.as_future().cancel());
                    if shuts_down {
                        pool.shutdown(Shutdown::cancel_pending().within(Duration::ZERO));
                        assert!(other.as_future().cancelled());
                    } else {
                        assert!(other.as_future().canceller().cancel());
                    }
                    held.release();
                });
            });
            assert_eq!(text.is_some_and(|text| text.contains("was cancelled")), shuts_down);
        }
    });
}

#[test]
fn a_panic_of_the_body_comes_before_those_of_the_tasks() {
    bounded(|| {
        let pool = pool(1);
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                scope.spawn(|| panic!("a task, as this test wants it")).wait();
                panic!("the body");
            });
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the body"));
    });
}

#[test]
fn a_task_that_is_late_unseen_is_passed_on_when_it_has_ended() {
    bounded(|| {
        let pool = pool(1);
        let door = Door::default();
        let text = panic_of_scope(|| {
            pool.scope(|scope| {
                scope.spawn_with(bad().deadline(Duration::from_millis(1)), || door.pass()).wait();
                door.open();
            });
        });
        assert!(text.is_some_and(|text| text.contains("deadline")));
    });
}

/// A panic in a destructor that runs while another unwinds would end the program.
#[test]
fn a_scope_in_a_destructor_of_what_unwinds_ends_nothing() {
    struct Cleans<'a>(&'a ThreadPool, &'a AtomicBool);
    impl Drop for Cleans<'_> {
        fn drop(&mut self) {
            self.0.scope(|scope| scope.spawn(|| panic!("a task, as this test wants it")).wait());
            self.1.store(true, Ordering::Relaxed);
        }
    }
    bounded(|| {
        let (pool, cleaned) = (pool(1), AtomicBool::new(false));
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _cleans = Cleans(&pool, &cleaned);
            panic!("the first");
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref::<&str>(), Some(&"the first"));
        assert!(cleaned.into_inner());
    });
}

/// The callbacks of a task may wait for what comes after the scope.
#[test]
fn a_scope_waits_for_no_callback_of_its_tasks() {
    bounded(|| {
        let pool = pool(1);
        let (tell, told) = channel::<()>();
        let (heard, hears) = channel();
        let door = Door::default();
        pool.scope(|scope| {
            scope.spawn(|| door.pass()).as_future().add_done_callback(move |_| {
                told.recv().unwrap();
                heard.send(()).unwrap();
            });
            door.open();
        });
        tell.send(()).unwrap();
        hears.recv().unwrap();
    });
}
