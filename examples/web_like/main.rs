//! A server on tokio that leaves its computing to a pool and `.await`s it.
//!
//! ```text
//! cargo run --release --example web_like                               # a server, and its own visitors, for some seconds
//! cargo run --release --example web_like -- --executor processes
//! cargo run --release --example web_like -- --listen 127.0.0.1:8080    # only the server, until Ctrl-C
//! curl http://127.0.0.1:8080/hello http://127.0.0.1:8080/primes/100000
//! ```
//!
//! Everything that is async, server and visitors, runs on one thread. If a request computed there, every other one would
//! wait for it; the figures show that none does. A request that computes too long is answered by 504. So that not more of
//! them wait than can be served, the pool takes so many and no more: the others are answered by 503, at once.

#[path = "../common/mod.rs"]
mod common;
mod server;
mod visitors;

use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::{Backend, Interrupt, Outcome, PoolOptions, say, seconds};
use concurrent_futures::{BuildError, Executor, ProcessPool, Shutdown, ThreadPool, WhenFull};
use tokio::net::TcpListener;
use tokio::runtime;

/// Serves cheap and dear requests, and measures how long the cheap ones wait.
#[derive(Debug, Clone, Parser)]
struct Options {
    /// Serve here, until Ctrl-C, instead of sending requests to itself
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How long it sends requests to itself, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    seconds: Duration,
    /// How long a request may compute, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200)]
    deadline: u64,
    /// How many requests may wait for a worker
    #[arg(long, value_name = "N", default_value = "8")]
    max_pending: NonZeroUsize,
    #[command(flatten)]
    pool: PoolOptions,
}

impl Options {
    fn executor(&self) -> Result<Arc<dyn Executor>, BuildError> {
        let (workers, pending, full) = (self.pool.workers(), self.max_pending.get(), WhenFull::Reject);
        Ok(match self.pool.executor {
            Backend::Threads => {
                Arc::new(ThreadPool::builder().max_workers(workers).max_pending(pending, full).build()?)
            }
            Backend::Processes => {
                Arc::new(ProcessPool::builder().max_workers(workers).max_pending(pending, full).build()?)
            }
        })
    }
}

fn main() -> ExitCode {
    // Before the runtime, whose threads a worker process doesn't need: hence no `#[tokio::main]`.
    concurrent_futures::init();
    common::exit("web_like", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let executor = options.executor()?;
    let interrupt = Interrupt::of(&executor)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let deadline = Duration::from_millis(options.deadline);
    let served = runtime.block_on(async {
        let address = options.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let about = |error| format!("{address}: {error}; name another one with --listen");
        let listener = TcpListener::bind(address).await.map_err(about)?;
        let address = listener.local_addr()?;
        say(format_args!("serving http://{address}/hello and http://{address}/primes/100000"))?;
        let server = tokio::spawn(server::serve(listener, executor.clone(), deadline, interrupt.clone()));
        match options.listen {
            Some(_) => server.await?,
            None => visitors::visit(address, options.seconds, &interrupt).await?,
        }
        Ok::<_, Box<dyn Error>>(ExitCode::SUCCESS)
    });
    // Nobody waits any more for what is still being computed.
    executor.shutdown(Shutdown::kill(Duration::from_millis(100)));
    if interrupt.came() {
        say(format_args!("interrupted"))?;
    }
    interrupt.outcome(served)
}
