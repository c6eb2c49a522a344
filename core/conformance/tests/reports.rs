//! What is reported where nobody looks. The hook is the whole process's, so this is one test.

use std::sync::mpsc;

use concurrent_futures_conformance::ManualExecutor;
use concurrent_futures_core::{
    Future, Report, ReturnWhen, SpawnExt, TaskError, TaskOptions, as_completed, set_report_hook, wait,
};

/// F-81, and L5, F-49 (CPython `test_done_callback_raises`): a failure that nobody looked at is reported, one that was looked
/// at isn't, and a cancelled one never; a callback that panics is reported.
#[test]
fn what_nobody_sees_is_reported() {
    let (tell, hear) = mpsc::channel();
    set_report_hook(move |report| {
        let text = match report {
            Report::UnseenFailure { label, error, .. } => format!("{label:?} {}", error.name()),
            Report::CallbackPanicked { message, .. } => format!("callback: {message}"),
            other => other.to_string(),
        };
        let _ = tell.send(text);
    });
    let executor = ManualExecutor::new();
    let fail = |label: &'static str| -> Future<()> {
        executor.spawn_with(TaskOptions::new().label(label), move || panic!("{label}, as this test wants it"))
    };
    let (unseen, detached, seen, called) = (fail("unseen"), fail("detached"), fail("seen"), fail("called"));
    let (waited, completed, cancelled, moved) = (fail("waited"), fail("completed"), fail("cancelled"), fail("moved"));
    detached.detach();
    assert!(cancelled.cancel());
    called.add_done_callback(|outcome| assert!(outcome.is_ok(), "a callback panics, as this test wants it"));
    executor.run_all();
    assert_eq!(
        hear.try_iter().collect::<Vec<_>>(),
        ["Some(\"detached\") Panicked", "callback: a callback panics, as this test wants it",]
    );

    assert!(seen.error().is_some());
    drop(wait([&waited], ReturnWhen::AllCompleted, None));
    assert_eq!(as_completed([&completed]).count(), 1);
    assert!(matches!(moved.result(), Err(TaskError::Panicked(_))));
    drop((unseen, seen, called, waited, completed, cancelled));
    assert_eq!(hear.try_iter().collect::<Vec<_>>(), ["Some(\"unseen\") Panicked"]);
}
