//! Who asks the server, and how long the answers take.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::common::{Interrupt, say};
use crate::server::read_head;

/// Asks for the same again and again, and notes how long each answer took.
#[derive(Clone)]
struct Visitor {
    address: SocketAddr,
    path: &'static str,
    pause: Duration,
    /// Whether the next request is due at its time also if the last one came late.
    keeps_pace: bool,
    interrupt: Interrupt,
}

type Seen = Vec<(u16, Duration)>;

/// Sends cheap requests, first alone and then beside dear ones.
pub(crate) async fn visit(address: SocketAddr, time: Duration, interrupt: &Interrupt) -> io::Result<()> {
    let pause = Duration::from_millis(5);
    let cheap = Visitor { address, path: "/hello", pause, keeps_pace: true, interrupt: interrupt.clone() };
    print_seen("cheap requests alone", cheap.clone().ask_until(Instant::now() + time / 3).await?)?;
    if interrupt.came() {
        // The server is going, and takes no new visitors.
        return Ok(());
    }

    let end = Instant::now() + time * 2 / 3;
    let paths = ["/primes/100000", "/primes/200000", "/primes/400000", "/primes/1000000000"];
    let dear = paths.into_iter().cycle().take(16);
    let dear: Vec<_> = dear
        .map(|path| Visitor { path, pause: 4 * pause, keeps_pace: false, ..cheap.clone() })
        .map(|visitor| tokio::spawn(visitor.ask_until(end)))
        .collect();
    print_seen("cheap requests beside dear ones", cheap.ask_until(end).await?)?;
    let mut seen = Seen::new();
    for visitor in dear {
        seen.extend(visitor.await??);
    }
    print_seen("dear requests", seen)
}

impl Visitor {
    async fn ask_until(self, end: Instant) -> io::Result<Seen> {
        let mut server = BufReader::new(TcpStream::connect(self.address).await?);
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.address);
        let mut seen = Seen::new();
        let mut due = Instant::now();
        while due < end && !self.interrupt.came() {
            sleep_until(due.into()).await;
            server.get_mut().write_all(request.as_bytes()).await?;
            let first = read_head(&mut server).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            server.read_line(&mut String::new()).await?;
            // From when it was due: a thread that is held up can't hide it by asking later.
            seen.push((first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), due.elapsed()));
            due = if self.keeps_pace { due } else { Instant::now() } + self.pause;
        }
        Ok(seen)
    }
}

/// A refusal is quick, and says nothing of what an answer takes.
fn print_seen(what: &str, seen: Seen) -> io::Result<()> {
    const OK: u16 = 200;
    let mut times: Vec<Duration> = seen.iter().filter(|(status, _)| *status == OK).map(|(_, time)| *time).collect();
    times.sort_unstable();
    let within = |share: f64| {
        let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    say(format_args!(
        "{what}: those answered 200: half within {:.1} ms, 99 % within {:.1} ms, all within {:.1} ms",
        within(0.5),
        within(0.99),
        within(1.0)
    ))?;
    let mut statuses = BTreeMap::<u16, usize>::new();
    seen.iter().for_each(|(status, _)| *statuses.entry(*status).or_default() += 1);
    statuses.into_iter().try_for_each(|(status, count)| say(format_args!("    answered {status}: {count}")))
}
