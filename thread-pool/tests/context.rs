//! What goes along with a task, beyond what every backend promises: nested tasks, and every way to run one.

#![cfg(not(any(concurrent_futures_loom, concurrent_futures_shuttle)))]

mod common;

use std::cell::RefCell;

use common::{bounded, hold, pool};
use concurrent_futures_thread_pool::context::{self, Captured, ContextHook};

thread_local!(static USER: RefCell<Option<String>> = const { RefCell::new(None) });

/// Without bytes: it stays in this process.
struct UserHook;

struct User(String);

impl ContextHook for UserHook {
    fn name(&self) -> &'static str {
        "user"
    }

    fn capture(&self) -> Option<Box<dyn Captured>> {
        USER.with_borrow(Clone::clone).map(|user| Box::new(User(user)) as Box<dyn Captured>)
    }
}

impl Captured for User {
    fn around(&self, run: &mut dyn FnMut()) {
        let before = USER.replace(Some(self.0.clone()));
        run();
        USER.set(before);
    }
}

fn user() -> Option<String> {
    USER.with_borrow(Clone::clone)
}

/// H1, H2: a task that a wait runs in place has its own context, and the one that waits has its own again behind it.
#[test]
fn a_task_that_is_run_in_place_has_its_own_context() {
    bounded(|| {
        context::register(UserHook);
        let pool = pool(1);
        USER.set(Some("outer".into()));
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            USER.set(Some("inner".into()));
            let inner = handle.spawn(user);
            USER.set(Some("changed".into()));
            (inner.result().unwrap(), user())
        });
        assert_eq!(outer.result().unwrap(), (Some("inner".into()), Some("changed".into())));
        assert_eq!(user().as_deref(), Some("outer"));
    });
}

/// H1, H2: on every way by which a thread pool runs something.
#[test]
fn every_way_to_run_something_has_the_context_of_its_caller() {
    bounded(|| {
        context::register(UserHook);
        let pool = pool(2);
        USER.set(Some("caller".into()));
        let all = |users: Vec<Option<String>>| assert!(users.iter().all(|user| user.as_deref() == Some("caller")));
        all(vec![pool.spawn(user).result().unwrap()]);
        all(vec![pool.spawn_fallible(|| Ok::<_, String>(user())).result().unwrap()]);
        all(pool.scope(|scope| [scope.spawn(user), scope.spawn(user)].map(|task| task.result().unwrap()).into()));
        all(pool.map_slice(&[0; 1000], |_| user()).unwrap());
        all(pool.map(|_: i32| user(), 0..1000).map(Result::unwrap).collect());
        // A cancelled task drops what came along with it.
        let (one, other) = (hold(&pool), hold(&pool));
        let cancelled = pool.spawn(user);
        assert!(cancelled.cancel());
        one.release();
        other.release();
    });
}
