//! As much of HTTP/1.1 as it takes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use concurrent_futures::{Executor, Reason, TaskError, TaskOptions, task};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::common::{Interrupt, explain};

/// How long it waits at most before it looks whether Ctrl-C came.
const TICK: Duration = Duration::from_millis(50);

/// Answers whoever comes, until Ctrl-C.
pub(crate) async fn serve(
    listener: TcpListener,
    executor: Arc<dyn Executor>,
    deadline: Duration,
    interrupt: Interrupt,
) {
    while !interrupt.came() {
        match timeout(TICK, listener.accept()).await {
            Ok(Ok((visitor, _))) => {
                let executor = executor.clone();
                // A visitor who goes away in the middle is no concern of the others.
                tokio::spawn(async move { answer_all(visitor, &*executor, deadline).await.ok() });
            }
            // Too many are there, say: wait until one has left.
            Ok(Err(_)) => sleep(TICK).await,
            Err(_) => {}
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn answer_all(visitor: TcpStream, executor: &dyn Executor, deadline: Duration) -> io::Result<()> {
    let mut visitor = BufReader::new(visitor);
    while let Some(first) = read_head(&mut visitor).await? {
        let path = first.split(' ').nth(1).unwrap_or_default();
        let (status, body) = answer(path, executor, deadline).await;
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        visitor.get_mut().write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn answer(path: &str, executor: &dyn Executor, deadline: Duration) -> (&'static str, String) {
    if path == "/hello" {
        return ("200 OK", "hello\n".to_owned());
    }
    let Some(below) = path.strip_prefix("/primes/").and_then(|number| number.parse().ok()) else {
        return ("404 Not Found", "there are /hello and /primes/NUMBER\n".to_owned());
    };
    let options = TaskOptions::new().deadline(deadline).label("primes");
    // Submitting doesn't block: where the pool takes no more, the future says so at once.
    match executor.submit_fallible_with(options, count_primes, below).await {
        Ok(count) => ("200 OK", format!("{count}\n")),
        Err(TaskError::Rejected(why)) if matches!(why.reason(), Reason::QueueFull { .. }) => {
            ("503 Service Unavailable", "too many are waiting; come back later\n".to_owned())
        }
        Err(TaskError::DeadlineExceeded(_)) => {
            ("504 Gateway Timeout", "that takes too long; ask for less\n".to_owned())
        }
        Err(error) => ("500 Internal Server Error", format!("{}\n", explain(&error))),
    }
}

/// The task. It looks now and then whether its time is over, which ends it on a thread too.
fn count_primes(below: u64) -> Result<u64, task::Stopped> {
    let is_prime = |n: u64| n == 2 || n % 2 == 1 && (3..=n.isqrt()).step_by(2).all(|i| !n.is_multiple_of(i));
    let mut count = 0;
    for n in 2..below {
        if n % 1024 == 0 {
            task::current().check()?;
        }
        count += u64::from(is_prime(n));
    }
    Ok(count)
}

/// Reads a request or an answer up to its empty line; its first line. Nothing if the other side has ended.
pub(crate) async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut first = None;
    loop {
        let mut line = String::new();
        // Who sends a line without end gets no answer.
        if (&mut *stream).take(8192).read_line(&mut line).await? == 0 || !line.ends_with('\n') {
            return Ok(None);
        }
        match line.trim_end() {
            "" => return Ok(first),
            text => first.get_or_insert_with(|| text.to_owned()),
        };
    }
}
