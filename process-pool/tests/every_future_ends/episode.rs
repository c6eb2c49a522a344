//! One pool, from its making to what is left of it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use concurrent_futures_core::sync::Mutex;
use concurrent_futures_process_pool::{
    Future, MapOptions, PoolHandle, ProcessPool, Shutdown, Stats, TaskError, TaskOptions,
};
use fastrand::Rng;

use crate::disturber::{Deeds, disturb};
use crate::ledger::{self, Entry};
use crate::leftovers::{self, Belongings};
use crate::order::{Kind, Order, Reply, run};
use crate::plan::{Disturbance, Ending, Plan, Treatment};
use crate::verdict::Ended;

/// What an episode comes to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) tasks: u64,
    pub(crate) deeds: Deeds,
}

/// Longer than any task may take to end on a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(30);

/// A task whose future is held.
struct Held {
    number: u64,
    kind: Kind,
    salt: u64,
    treatment: Treatment,
    was_told: Option<bool>,
    future: Future<Reply>,
}

/// Plays the episode of a seed.
///
/// # Panics
///
/// If a promise is broken.
pub(crate) fn play(seed: u64) -> Sum {
    let mut lots = Rng::with_seed(seed);
    let plan = Plan::draw(&mut lots);
    let before = Belongings::now();
    let ledger = std::env::temp_dir().join(format!("ledger-{seed}"));
    fs::write(&ledger, []).expect("the ledger can be made");
    let told = Arc::new(AtomicU64::new(0));
    let (ended, stats, deeds) = live(&plan, &mut lots, &ledger, &told);
    let entries = ledger::read(&ledger);
    let left = leftovers::processes_of(&ledger);
    fs::remove_file(&ledger).expect("the ledger is there");

    let wrong = complaints(&plan, &ended, entries);
    assert!(wrong.is_empty(), "{plan:#?}\n{}", wrong.join("\n"));
    check_numbers(&plan, &ended, stats);
    let futures = ended.iter().filter(|task| !task.is_item).count() as u64;
    assert_eq!(told.load(Ordering::Relaxed), futures, "each callback ran once, {plan:#?}");
    assert!(deeds.most_workers <= plan.workers, "{} processes at once, {plan:#?}", deeds.most_workers);
    assert!(left.is_empty(), "processes are left: {left:#?}, {plan:#?}");
    before.compare().unwrap_or_else(|difference| panic!("something is left, {plan:#?}\n{difference}"));
    Sum { tasks: ended.len() as u64, deeds }
}

/// Everything in which the pool is alive.
fn live(plan: &Plan, lots: &mut Rng, ledger: &Path, told: &Arc<AtomicU64>) -> (Vec<Ended>, Stats, Deeds) {
    let pool = make_pool(plan, ledger.to_owned());
    let handle = pool.handle();
    let pool = Mutex::new(Some(pool));
    let (stop, end) = mpsc::channel();
    let (disturber_lots, map_lots) = (lots.fork(), lots.fork());
    let submitter_lots: Vec<Rng> = (0..plan.submitters).map(|_| lots.fork()).collect();
    thread::scope(|scope| {
        // While the pool is dropped nobody can ask it.
        let pids = || pool.lock().as_ref().map(ProcessPool::worker_pids).unwrap_or_default();
        let disturber = scope.spawn(move || disturb(plan, pids, disturber_lots, &end));
        let map = scope.spawn(|| map_items(plan, &handle, map_lots));
        let submit = |(first, lots)| {
            scope.spawn({
                let (handle, told) = (&handle, told.clone());
                move || submit_tasks(plan, handle, first, lots, &told)
            })
        };
        let submitters: Vec<_> = (1..).map(|number: u64| number << 32).zip(submitter_lots).map(submit).collect();
        let held: Vec<Held> =
            submitters.into_iter().flat_map(|submitter| submitter.join().expect("a submitter")).collect();
        let (map, stats) = end_the_pool(plan, &pool, &handle, lots, &held, stop, map);
        let deeds = disturber.join().expect("the disturber");
        let mut ended: Vec<Ended> = held.into_iter().map(end_of).collect();
        ended.extend(map);
        (ended, stats, deeds)
    })
}

fn make_pool(plan: &Plan, ledger: PathBuf) -> ProcessPool {
    // A worker that is killed while it starts a worker of its own can't remove the socket where the two were to meet: what
    // pools in tasks leave is not looked at.
    let nested = crate::directory_of_nested_pools();
    let mut builder = ProcessPool::builder().max_workers(plan.workers).configure(move |command| {
        command.env(ledger::VARIABLE, &ledger).env("TMPDIR", &nested).stderr(Stdio::null());
    });
    if let Some(tasks) = plan.max_tasks_per_worker {
        builder = builder.max_tasks_per_worker(tasks);
    }
    if let Some(time) = plan.idle_timeout {
        builder = builder.idle_timeout(time);
    }
    if let Some((tasks, when_full)) = plan.max_pending {
        builder = builder.max_pending(tasks, when_full);
    }
    builder.build().expect("a pool")
}

fn submit_tasks(plan: &Plan, pool: &PoolHandle, first: u64, mut lots: Rng, told: &Arc<AtomicU64>) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    for number in first..first + plan.tasks {
        let (kind, treatment) = plan.draw_task(&mut lots);
        let salt = lots.u64(..);
        let options = match treatment {
            Treatment::Deadline(limit) => TaskOptions::new().deadline(limit),
            Treatment::Retries(retries) => TaskOptions::new().retries(retries),
            _ => TaskOptions::new(),
        };
        let future = pool.submit_with(options, run, Order::new(number, kind, salt));
        let told = told.clone();
        future.add_done_callback(move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        });
        held.push(Held { number, kind, salt, treatment, was_told: None, future });
        // Sooner or later, and some that have ended long ago; but a task that hangs must not wait for its abort until there is
        // room for the next one.
        let chosen = if plan.may_block() { held.len() - 1 } else { lots.usize(..held.len()) };
        held[chosen].treat();
    }
    held.iter_mut().for_each(Held::treat);
    held
}

impl Held {
    /// Does to the future what is to be done to it, once.
    fn treat(&mut self) {
        if self.was_told.is_some() {
            return;
        }
        self.was_told = match self.treatment {
            Treatment::Cancel => Some(self.future.cancel()),
            Treatment::Abort(grace) => Some(self.future.abort(grace)),
            _ => None,
        };
    }
}

/// The results of a map, if the plan has one.
fn map_items(plan: &Plan, pool: &PoolHandle, mut lots: Rng) -> Vec<Ended> {
    let items: Vec<(u64, Kind, u64)> =
        (0..plan.map_items).map(|number| (number, Plan::draw_item(&mut lots), lots.u64(..))).collect();
    let orders = items.iter().map(|&(number, kind, salt)| Order::new(number, kind, salt));
    let options = if lots.bool() { MapOptions::new() } else { MapOptions::new().chunk_size(lots.usize(1..20)) };
    let outcomes: Vec<_> = pool.map_with(options, run, orders).collect();
    assert_eq!(outcomes.len(), items.len(), "each item has an outcome");
    let ended = |((number, kind, salt), outcome)| {
        let (treatment, was_told) = (Treatment::Nothing, None);
        Ended { number, kind, salt, treatment, was_told, is_item: true, outcome }
    };
    items.into_iter().zip(outcomes).map(ended).collect()
}

/// Ends the pool as planned; gives what the map came to.
fn end_the_pool<'scope>(
    plan: &Plan,
    pool: &Mutex<Option<ProcessPool>>,
    handle: &PoolHandle,
    lots: &mut Rng,
    held: &[Held],
    stop: Sender<()>,
    map: thread::ScopedJoinHandle<'scope, Vec<Ended>>,
) -> (Vec<Ended>, Stats) {
    if plan.disturbance == Disturbance::StopsUnderDeadlines {
        await_all(plan, held);
        // Who is stopped and idle has no task whose deadline would end him.
        drop(stop);
        return (map.join().expect("the map"), end_now(plan, pool, handle));
    }
    if plan.kills_the_pool() {
        // Somewhere in the middle.
        let _ = held[lots.usize(..held.len())].future.wait_timeout(Duration::from_millis(lots.u64(0..40)));
    }
    // An item that comes after the end is refused, so a pool that is to run all of them ends behind the map.
    let (early, late) = if plan.cancels_what_waits() { (None, Some(map)) } else { (Some(map), None) };
    let early = early.map(|map| map.join().expect("the map"));
    if plan.disturbance != Disturbance::StopsUntilTheKill && !plan.kills_the_pool() && lots.bool() {
        await_all(plan, held);
    }
    let stats = end_now(plan, pool, handle);
    drop(stop);
    let late = late.map(|map| map.join().expect("the map"));
    // The items that were refused count as well.
    let stats = if late.is_some() { handle.stats() } else { stats };
    (early.or(late).unwrap_or_default(), stats)
}

fn end_now(plan: &Plan, pool: &Mutex<Option<ProcessPool>>, handle: &PoolHandle) -> Stats {
    let how = match plan.ending {
        Ending::Drop => {
            let pool = pool.lock().take();
            drop(pool);
            return handle.stats();
        }
        Ending::Drain => Shutdown::drain(),
        Ending::CancelPending => Shutdown::cancel_pending(),
        Ending::Kill(grace) => Shutdown::kill(grace),
    };
    let report = handle.shutdown(how);
    assert!(report.is_complete(), "{report:?}, {plan:#?}");
    handle.stats()
}

fn await_all(plan: &Plan, held: &[Held]) {
    let hung: Vec<String> = held
        .iter()
        .filter(|task| !task.future.wait_timeout(LONG))
        .map(|task| format!("{:x} {:?} {:?}: {}", task.number, task.kind, task.treatment, task.future))
        .collect();
    assert!(hung.is_empty(), "these don't end: {hung:#?}, {plan:#?}");
}

/// The pool has ended, and so has every future.
fn end_of(held: Held) -> Ended {
    let Held { number, kind, salt, treatment, was_told, future } = held;
    let outcome = future.try_result().unwrap_or_else(|open| {
        panic!("{number:x} {kind:?} {treatment:?} has not ended, its pool has: {}", open.into_inner())
    });
    Ended { number, kind, salt, treatment, was_told, is_item: false, outcome }
}

fn complaints(plan: &Plan, ended: &[Ended], entries: Vec<Entry>) -> Vec<String> {
    let mut of_task: HashMap<u64, Vec<Entry>> = HashMap::new();
    entries.into_iter().for_each(|entry| of_task.entry(entry.number).or_default().push(entry));
    let complaint = |task: &Ended| {
        let entries = of_task.get(&task.number).map_or([].as_slice(), Vec::as_slice);
        let Err(why) = task.check(plan, entries) else { return None };
        let outcome = task.outcome.as_ref().map(|_| "a value");
        let Ended { number, kind, treatment, was_told, .. } = task;
        Some(format!("{why}: {number:x} {kind:?} {treatment:?} {was_told:?} {outcome:?} {entries:?}"))
    };
    ended.iter().filter_map(complaint).collect()
}

/// Submitted = finished + failed + cancelled, and each of them is what the futures say.
fn check_numbers(plan: &Plan, ended: &[Ended], stats: Stats) {
    let mut outcomes: BTreeMap<_, u64> = BTreeMap::new();
    for task in ended {
        let outcome = task.outcome.as_ref().map_or_else(TaskError::name, |_| "value");
        *outcomes.entry((task.is_item, outcome)).or_default() += 1;
    }
    let count = |is: fn(&Ended) -> bool| ended.iter().filter(|task| is(task)).count() as u64;
    let finished = count(|task| task.outcome.is_ok());
    let cancelled = count(|task| matches!(task.outcome, Err(TaskError::Cancelled)));
    let failed = ended.len() as u64 - finished - cancelled;
    // One whose argument could not be written has failed before its chunk was cancelled, and with it all its items.
    let before = count(|task| task.kind == Kind::ArgumentCantBeWritten && task.is_item);
    let is_right = stats.submitted == ended.len() as u64
        && stats.submitted == stats.ended()
        && stats.finished == finished
        && (failed..=failed + before).contains(&stats.failed);
    assert!(is_right, "{stats:?}, the futures: {outcomes:?} (items or not), {plan:#?}");
}
