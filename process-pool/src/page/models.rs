//! The promises of the page, checked by loom: each model in every order in which parent and worker can meet, and for every
//! value that the memory model lets a load see. The words are loom's; all that moves them is the code that runs.
//!
//! ```text
//! RUSTFLAGS="--cfg concurrent_futures_loom" cargo test -p concurrent-futures-process-pool --release --lib page::models
//! ```
//!
//! A lost wake-up shows as loom's "deadlock". A worker that dies is a thread that ends.

use std::sync::Arc;

use concurrent_futures_core::sync::{AtomicBool, Condvar, Mutex, Ordering, thread};

use super::{Consumer, Page, Producer};

const JOB: u16 = 7;
const NEXT_JOB: u16 = 8;

fn check(model: impl Fn(Arc<Page>) + Send + Sync + 'static) {
    check_with(None, model);
}

/// Checks a larger `model` in every order with so many preemptions at most.
fn check_with(preemptions: Option<usize>, model: impl Fn(Arc<Page>) + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    builder.check(move || model(Arc::new(Page::create().unwrap().0)));
}

/// Calls `worker` on a thread of its own.
fn start<R: 'static>(page: &Arc<Page>, worker: impl FnOnce(&Page) -> R + 'static) -> loom::thread::JoinHandle<R> {
    let page = page.clone();
    thread::spawn(move || worker(&page))
}

/// A channel of messages that say "look".
#[derive(Default)]
struct Channel {
    messages: Mutex<usize>,
    arrived: Condvar,
}

impl Channel {
    fn send(&self) {
        *self.messages.lock() += 1;
        self.arrived.notify_one();
    }

    fn receive(&self) {
        let mut messages = self.messages.lock();
        while *messages == 0 {
            messages = self.arrived.wait(messages);
        }
        *messages -= 1;
    }
}

/// The parent, as its supervisor reads results.
struct Parent {
    page: Arc<Page>,
    notes: Arc<Channel>,
    results: Consumer,
    bytes: Vec<u8>,
    positions: Vec<usize>,
}

impl Parent {
    fn new(page: &Arc<Page>, notes: &Arc<Channel>) -> Self {
        let (page, notes) = (page.clone(), notes.clone());
        Self { page, notes, results: Consumer::default(), bytes: Vec::new(), positions: Vec::new() }
    }

    fn collect(&mut self) {
        let mut records = Vec::new();
        self.results.drain(&self.page, &mut self.bytes, &mut records).unwrap();
        self.page.bell().wake_worker();
        self.positions.extend(records.iter().map(|record| record.position));
    }

    fn sleep_unless(&self, is_called: impl Fn() -> bool) {
        let bell = self.page.bell();
        bell.parent_lies_down();
        if !is_called() && self.results.is_empty(&self.page) {
            self.notes.receive();
        }
        bell.parent_is_up();
    }

    fn wait_for_results(&mut self, number: usize) {
        self.collect();
        while self.positions.len() < number {
            self.sleep_unless(|| false);
            self.collect();
        }
    }
}

fn ring(page: &Page, notes: &Channel) {
    if page.bell().must_wake_parent() {
        notes.send();
    }
}

#[test]
fn p1_p2_a_job_is_begun_or_withdrawn() {
    check(|page| {
        page.slot(0).offer(JOB, 1);
        let worker = start(&page, |page| page.slot(0).begin(JOB));
        let is_withdrawn = page.slot(0).withdraw();
        assert_eq!(worker.join().unwrap(), !is_withdrawn);
        assert!(!page.slot(0).begin(JOB));
    });
}

#[test]
fn p1_p3_of_a_chunk_each_task_is_begun_or_taken_back() {
    check(|page| {
        page.slot(0).offer(JOB, 4);
        let worker = start(&page, |page| (0..4).take_while(|_| page.slot(0).begin(JOB)).count());
        let given = page.slot(0).take_back(|offered| offered / 2);
        let taken = page.slot(0).take_back(|_| 0);
        assert!(given.begun <= taken.begun && taken.begun == taken.end && taken.end <= given.end);
        assert_eq!(worker.join().unwrap(), taken.end);
        assert_eq!(page.slot(0).look(), taken);
    });
}

#[test]
fn p1_a_job_that_was_overtaken_does_not_begin_in_the_name_of_the_next() {
    check(|page| {
        page.slot(0).offer(JOB, 1);
        let worker = start(&page, |page| (page.slot(0).begin(JOB), page.slot(0).begin(NEXT_JOB)));
        let is_withdrawn = page.slot(0).withdraw();
        if is_withdrawn {
            page.slot(0).offer(NEXT_JOB, 1);
        }
        let (first, next) = worker.join().unwrap();
        assert_eq!(first, !is_withdrawn);
        // The worker may have come to it before it was there, which no worker does.
        assert_eq!(page.slot(0).look().begun, usize::from(first || next));
    });
}

/// Here the parent has the thread of its own: a thread that only loads is shown old values, but loom doesn't try what it
/// would see if it came later.
#[test]
fn a_task_that_is_seen_to_have_begun_says_when() {
    check(|page| {
        page.slot(0).offer(JOB, 1);
        let parent = start(&page, |page| {
            if page.slot(0).look().begun > 0 {
                assert_eq!(page.slot(0).begun_at(), 5);
            }
        });
        page.slot(0).stamp(5);
        assert!(page.slot(0).begin(JOB));
        parent.join().unwrap();
    });
}

#[test]
fn p4_a_task_that_is_not_killed_has_its_result_in_the_page() {
    check(|page| {
        page.slot(0).offer(JOB, 2);
        let worker = start(&page, |page| {
            let mut results = Producer::default();
            for position in 0..2 {
                if page.slot(0).begin(JOB) {
                    results.push(page, 0, position, &[]);
                    page.slot(0).answer(JOB, position);
                }
            }
        });
        let taken = page.slot(0).take_back(|_| 0);
        if !page.slot(0).is_running() {
            let mut parent = Parent::new(&page, &Arc::default());
            parent.collect();
            assert_eq!(parent.positions, (0..taken.begun).collect::<Vec<_>>());
        }
        worker.join().unwrap();
        assert!(!page.slot(0).is_running());
    });
}

#[test]
fn p4_a_task_counts_as_running_also_in_a_slot_that_was_used_before() {
    check(|page| {
        let (notes, frames) = (Arc::<Channel>::default(), Arc::<Channel>::default());
        page.slot(0).offer(JOB, 1);
        let (to_parent, from_parent) = (notes.clone(), frames.clone());
        let worker = start(&page, move |page| {
            assert!(page.slot(0).begin(JOB));
            Producer::default().push(page, 0, 0, &[]);
            page.slot(0).answer(JOB, 0);
            ring(page, &to_parent);
            from_parent.receive();
            page.slot(0).begin(NEXT_JOB)
        });
        Parent::new(&page, &notes).wait_for_results(1);
        page.slot(0).offer(NEXT_JOB, 1);
        frames.send();
        assert!(worker.join().unwrap());
        assert!(page.slot(0).is_running(), "nobody could kill it");
    });
}

#[test]
fn how_long_a_job_took_is_there_with_its_last_result() {
    check(|page| {
        page.slot(0).offer(JOB, 1);
        let worker = start(&page, |page| {
            page.slot(0).note_took(9);
            Producer::default().push(page, 0, 0, &[]);
        });
        let mut parent = Parent::new(&page, &Arc::default());
        parent.collect();
        assert!(parent.positions.is_empty() || page.slot(0).took() == 9);
        worker.join().unwrap();
    });
}

/// The ring holds two of these records: the worker comes to wait for the parent, and the parent for the worker.
#[test]
fn r1_b1_all_results_arrive_through_a_ring_that_is_too_small_for_them() {
    check_with(Some(3), |page| {
        let notes = Arc::<Channel>::default();
        let to_parent = notes.clone();
        let worker = start(&page, move |page| {
            let mut results = Producer::default();
            for position in 0..3 {
                while !results.push(page, 0, position, &[position as u8]) {
                    ring(page, &to_parent);
                    page.bell().worker_waits_until(|| results.has_room(page, 1));
                }
            }
            ring(page, &to_parent);
        });
        let mut parent = Parent::new(&page, &notes);
        parent.wait_for_results(3);
        assert_eq!((parent.positions, parent.bytes), (vec![0, 1, 2], vec![0, 1, 2]));
        worker.join().unwrap();
    });
}

#[test]
fn b1_the_parent_hears_whoever_calls() {
    check_with(Some(2), |page| {
        let notes = Arc::<Channel>::default();
        let has_news = Arc::new(AtomicBool::new(false));
        let (to_parent, news, sender) = (notes.clone(), has_news.clone(), notes.clone());
        let worker = start(&page, move |page| {
            Producer::default().push(page, 0, 0, &[]);
            ring(page, &to_parent);
        });
        let other = start(&page, move |page| {
            news.store(true, Ordering::SeqCst);
            ring(page, &sender);
        });
        let mut parent = Parent::new(&page, &notes);
        let (mut is_called, mut times) = (false, 0);
        while parent.positions.is_empty() || !is_called {
            parent.sleep_unless(|| !is_called && has_news.load(Ordering::SeqCst));
            is_called |= has_news.load(Ordering::SeqCst);
            parent.collect();
            times += 1;
        }
        (worker.join().unwrap(), other.join().unwrap());
        assert!(*notes.messages.lock() <= times, "B2: one message for each time");
    });
}
