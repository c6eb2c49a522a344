//! What each worker is in the middle of, as `worker_stats` tells it.

mod common;

use std::time::Duration;

use common::{bounded, pass, pool};
use concurrent_futures_conformance::{Gate, Gatekeeper};
use concurrent_futures_process_pool::{
    MapOptions, ProcessPool, RunningTask, TaskOptions, WorkerState, task, worker_entry,
};

worker_entry!();

/// What the only worker runs.
fn running(pool: &ProcessPool) -> Option<RunningTask> {
    let stats = pool.worker_stats();
    assert_eq!(stats.len(), 1, "{stats:?}");
    let worker = stats.into_iter().next()?;
    assert!(worker.running.is_none() || worker.state == WorkerState::Busy, "{worker:?}");
    worker.running
}

/// Which task runs it, by its own account.
fn pass_and_say((gate, tag): (Gate, u64)) -> u64 {
    gate.pass(tag);
    task::current().id().expect("it is a task").as_u64()
}

#[test]
fn what_a_worker_runs_is_told_by_id_label_and_time_and_what_waits_behind_it_is_not() {
    bounded(|| {
        let (pool, keeper) = (pool(1), Gatekeeper::new());
        let first = pool.submit_with(TaskOptions::new().label("resize"), pass, (keeper.gate(), 1));
        let second = pool.submit(pass, (keeper.gate(), 2));
        keeper.await_arrivals(1);
        let look = running(&pool).expect("it is in the middle of a task");
        assert_eq!((look.id, look.label.as_deref(), look.index), (first.id(), Some("resize"), 0));
        // What ends the loop: time goes on.
        while running(&pool).is_some_and(|later| later.elapsed <= look.elapsed + Duration::from_millis(1)) {}
        keeper.open_for(1);
        first.result().unwrap();
        keeper.await_arrivals(2);
        let look = running(&pool).expect("it is in the middle of the next task");
        assert_eq!((look.id, look.label), (second.id(), None));
        keeper.open();
        second.result().unwrap();
        // What ends the loop: the worker says it is done, right behind the result.
        while running(&pool).is_some() {}
    });
}

#[test]
fn of_a_chunk_the_item_is_told_by_its_own_id_and_its_place() {
    bounded(|| {
        let (pool, keeper) = (pool(1), Gatekeeper::new());
        let options = MapOptions::new().chunk_size(4).task(TaskOptions::new().label("items"));
        let map = pool.map_with(options, pass_and_say, (0..4).map(|tag| (keeper.gate(), tag)));
        let seen: Vec<RunningTask> = (0..4)
            .map(|tag| {
                keeper.await_arrivals(tag as usize + 1);
                let look = running(&pool).expect("it is in the middle of an item");
                keeper.open_for(tag);
                look
            })
            .collect();
        let places: Vec<usize> = seen.iter().map(|look| look.index).collect();
        assert_eq!(places, [0, 1, 2, 3]);
        assert!(seen.iter().all(|look| look.label.as_deref() == Some("items")), "{seen:?}");
        let ids: Vec<u64> = seen.iter().map(|look| look.id.as_u64()).collect();
        assert_eq!(map.collect::<Result<Vec<_>, _>>().unwrap(), ids, "what the items say of themselves");
    });
}

/// Where all but the first item move to another worker, since theirs dies: they are a chunk of their own then.
#[test]
fn of_the_rest_of_a_chunk_the_items_keep_their_ids() {
    bounded(|| {
        let (pool, keeper) = (pool(1), Gatekeeper::new());
        let options = MapOptions::new().chunk_size(3);
        let mut map = pool.map_with(options, pass_and_say, (0..3).map(|tag| (keeper.gate(), tag)));
        keeper.await_arrivals(1);
        let first = running(&pool).expect("it is in the middle of the first item").id.as_u64();
        common::kill(pool.worker_pids()[0]);
        keeper.await_arrivals(2);
        let look = running(&pool).expect("another worker is in the middle of the second");
        assert_eq!((look.id.as_u64(), look.index), (first + 1, 0));
        keeper.open();
        assert!(map.next().is_some_and(|outcome| outcome.is_err()));
        assert_eq!(map.map(Result::unwrap).collect::<Vec<u64>>(), [first + 1, first + 2]);
    });
}
