//! The tour: the four ways to run tasks on a pool of threads, and one of them on a pool of processes, one program after the
//! other.
//!
//! ```text
//! cargo run --example tour                  a tenth of the sleeps
//! cargo run --example tour -- --scale 1     sleeps of up to five seconds, as the lines say
//! ```
#![expect(clippy::print_stdout, reason = "the tour shows what happens by printing it")]

use std::collections::BTreeMap;
use std::error::Error;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::Parser;
use concurrent_futures::{ProcessPool, TaskError, ThreadPool, as_completed};

type Anything = Result<(), Box<dyn Error>>;

#[derive(Debug, Clone, Copy, Parser)]
#[command(about = "A tour of concurrent-futures, on threads and on processes")]
struct Options {
    /// How long a second is, in seconds.
    #[arg(long, default_value_t = 0.1)]
    scale: f64,
}

impl Options {
    fn sleep(self, seconds: f64) {
        sleep(seconds * self.scale);
    }
}

#[expect(clippy::disallowed_methods, reason = "the tasks of the tour do nothing but sleep")]
fn sleep(seconds: f64) {
    thread::sleep(Duration::from_secs_f64(seconds));
}

fn main() -> Anything {
    // First: the processes of a pool are this program, started again, and none of them returns from here.
    concurrent_futures::init();
    let options = Options::parse();
    println!("Every sleep lasts {} times what the lines say; `-- --scale 1` for all of it.", options.scale);
    heading("map: results in the order of the input");
    ordered_map(options)?;
    heading("submit: one task, and its future");
    one_future(options)?;
    heading("as_completed: results in the order of completion");
    in_order_of_completion(options)?;
    heading("add_done_callback: be told instead of waiting");
    done_callback(options)?;
    heading("processes: the same pool, and who ran what");
    on_processes(options.scale)?;
    heading("processes: the same tasks without the sleep");
    on_processes(0.0)
}

fn heading(text: &str) {
    println!("\n# {text}\n");
}

fn worker() -> String {
    thread::current().name().unwrap_or("nobody").to_owned()
}

/// Sleeps `n` seconds and says so.
fn task(options: Options, n: u32) -> f64 {
    println!("{}: sleeping {n}", worker());
    options.sleep(f64::from(n));
    println!("{}: done with {n}", worker());
    f64::from(n) * 10.0
}

/// Whatever order the tasks end in, `map` gives their results in the order of the input.
fn ordered_map(options: Options) -> Anything {
    let pool = ThreadPool::new(2)?;
    println!("main: starting");
    let results = pool.map(move |n| task(options, n), (1..=5).rev());
    println!("main: waiting for real results");
    let real_results: Vec<f64> = results.collect::<Result<_, _>>()?;
    println!("main: results: {real_results:?}");
    Ok(())
}

/// A future says where its task stands. The task tells when it has begun, so that the line below is no matter of luck.
fn one_future(options: Options) -> Anything {
    let (begun, has_begun) = mpsc::channel();
    let task = move |n: u32| {
        println!("{}: sleeping {n}", worker());
        begun.send(()).expect("main waits");
        options.sleep(f64::from(n));
        println!("{}: done with {n}", worker());
        f64::from(n) * 10.0
    };

    let pool = ThreadPool::new(2)?;
    println!("main: starting");
    let future = pool.submit(task, 5);
    has_begun.recv()?;
    println!("main: future: {future}");
    println!("main: waiting for results");
    let result = future.get().map_err(TaskError::clone)?;
    println!("main: result: {result:?}");
    println!("main: future after result: {future}");
    Ok(())
}

/// Where the order doesn't matter, each result is there as soon as its task ends.
fn in_order_of_completion(options: Options) -> Anything {
    let task = move |n: u32| {
        options.sleep(f64::from(fastrand::u32(1..=5)));
        (n, f64::from(n) * 10.0)
    };

    let pool = ThreadPool::new(5)?;
    println!("main: starting");
    let wait_for: Vec<_> = (1..=5).rev().map(|n| pool.submit(task, n)).collect();
    for future in as_completed(wait_for) {
        println!("main: result: {:?}", future.result()?);
    }
    Ok(())
}

/// The callback runs on the thread that ends the task; meanwhile main calls the same function itself.
fn done_callback(options: Options) -> Anything {
    let task = move |n: u32| {
        println!("task sleeping for {n} seconds");
        options.sleep(f64::from(n));
        println!("task (agument {n}) done");
        n * 10
    };
    let done = |argument: u32, outcome: Result<&u32, &TaskError>| match outcome {
        Err(TaskError::Cancelled) => println!("{argument}: canceled"),
        Err(error) => println!("{argument}: error returned: {error}"),
        Ok(result) => println!("{argument}: value returned: {result}"),
    };

    let pool = ThreadPool::new(2)?;
    println!("main: starting");
    let argument = 5;
    let future = pool.submit(task, argument);
    options.sleep(0.1);
    println!("moving on I think I want to call task again");
    println!("Calling task again:  {}", task(1));
    future.add_done_callback(move |outcome| done(argument, outcome));
    future.result()?;
    Ok(())
}

/// A function with a name, since its workers find it by that; what it needs is in its argument.
fn task_on_a_process((scale, n): (f64, u32)) -> (u32, u32) {
    sleep(f64::from(n) * scale);
    (n, process::id())
}

/// Two workers, used again and again. While one sleeps in its task the other takes the next; tasks that end at once leave
/// it little to take, or nothing.
fn on_processes(scale: f64) -> Anything {
    let pool = ProcessPool::new(2)?;
    let results = pool.map(task_on_a_process, (1..=5).rev().map(|n| (scale, n)));
    let mut ran: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for result in results {
        let (n, pid) = result?;
        println!("ran task {n} in process {pid}");
        ran.entry(pid).or_default().push(n);
    }
    for (pid, tasks) in ran {
        println!("process {pid} ran {} of them: {tasks:?}", tasks.len());
    }
    Ok(())
}
