//! What orders events between a test and its tasks, also where a task runs in another process.
//!
//! ```text
//!   test: Gatekeeper ◄── TCP, 127.0.0.1 ── Gate :task
//!         await_arrivals(n)                pass(tag): announces, then blocks until the keeper opens
//!         open(), open_for(tag)            announce(tag): says that it was here, and goes on
//! ```

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use concurrent_futures_core::sync::{Condvar, Mutex};
use serde::{Deserialize, Serialize};

/// The test's side of a gate: sees who arrives, and lets them pass. Dropping it opens the gate for good, so that a test
/// that fails does not hang.
///
/// ```
/// use concurrent_futures_conformance::{Gate, Gatekeeper, LoopbackExecutor};
/// use concurrent_futures_core::ExecutorExt;
///
/// let keeper = Gatekeeper::new();
/// let executor = LoopbackExecutor::new(1);
/// let future = executor.submit(|gate: Gate| gate.pass(7), keeper.gate());
/// keeper.await_arrivals(1);
/// assert!(future.running());
/// keeper.open();
/// future.result().unwrap();
/// assert_eq!(keeper.arrivals(), [7]);
/// ```
#[derive(Debug)]
pub struct Gatekeeper {
    gate: Gate,
    shared: Arc<Shared>,
    porter: Option<JoinHandle<()>>,
}

/// The task's side of a gate: an address, which can be sent to where the task runs. [`Gatekeeper`] shows both.
///
/// Where the keeper is gone already, nobody is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    port: u16,
    /// Keeps a task that comes too late from another test's gate, which may have got the same port.
    secret: u64,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    arrivals: Vec<u64>,
    waiting: HashMap<u64, Vec<TcpStream>>,
    is_open: bool,
    is_open_for: HashSet<u64>,
    is_closing: bool,
}

/// A message to the keeper: the secret, the tag, and whether its sender waits.
const HELLO: usize = 17;

impl Gatekeeper {
    /// A closed gate.
    ///
    /// # Panics
    ///
    /// If the system gives no port or no thread.
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the system has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let gate = Gate { port, secret: fastrand::u64(..) };
        let shared = Arc::new(Shared { state: Mutex::new(State::default()), changed: Condvar::new() });
        let ours = shared.clone();
        let porter = thread::Builder::new()
            .name("gatekeeper".into())
            .spawn(move || ours.receive(&listener, gate.secret))
            .expect("a thread for the gatekeeper starts");
        Self { gate, shared, porter: Some(porter) }
    }

    /// What to give to the tasks.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// The tags of all who came, in the order of their coming.
    #[must_use]
    pub fn arrivals(&self) -> Vec<u64> {
        self.shared.state.lock().arrivals.clone()
    }

    /// Blocks until `count` have come.
    pub fn await_arrivals(&self, count: usize) {
        self.await_that(|state| state.arrivals.len() >= count);
    }

    /// Blocks until one with this tag has come.
    pub fn await_tag(&self, tag: u64) {
        self.await_that(|state| state.arrivals.contains(&tag));
    }

    /// Lets everybody pass, from now on.
    pub fn open(&self) {
        let waiting = {
            let mut state = self.shared.state.lock();
            state.is_open = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().flatten().for_each(let_pass);
    }

    /// Lets those with this tag pass, from now on.
    pub fn open_for(&self, tag: u64) {
        let waiting = {
            let mut state = self.shared.state.lock();
            state.is_open_for.insert(tag);
            state.waiting.remove(&tag)
        };
        waiting.into_iter().flatten().for_each(let_pass);
    }

    fn await_that(&self, met: impl Fn(&State) -> bool) {
        let mut state = self.shared.state.lock();
        while !met(&state) {
            state = self.shared.changed.wait(state);
        }
    }
}

impl Default for Gatekeeper {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Gatekeeper {
    fn drop(&mut self) {
        self.open();
        self.shared.state.lock().is_closing = true;
        // Wakes the porter, who finds it closing.
        drop(TcpStream::connect(self.gate.address()));
        if let Some(porter) = self.porter.take() {
            drop(porter.join());
        }
    }
}

impl Gate {
    /// Says that it was here, and goes on once the keeper knows.
    pub fn announce(&self, tag: u64) {
        self.call(tag, false);
    }

    /// Says that it is here, and waits.
    ///
    /// # Blocking
    ///
    /// Until the keeper opens, or is gone.
    pub fn pass(&self, tag: u64) {
        self.call(tag, true);
    }

    /// The gate as a word or two, for the environment of a program.
    pub(crate) fn to_text(self) -> String {
        format!("{} {}", self.port, self.secret)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (port, secret) = text.split_once(' ')?;
        Some(Self { port: port.parse().ok()?, secret: secret.parse().ok()? })
    }

    fn call(&self, tag: u64, waits: bool) {
        let mut hello = [0; HELLO];
        hello[..8].copy_from_slice(&self.secret.to_le_bytes());
        hello[8..16].copy_from_slice(&tag.to_le_bytes());
        hello[16] = waits.into();
        let Ok(mut stream) = TcpStream::connect(self.address()) else { return };
        if stream.write_all(&hello).is_ok() {
            // A byte or the end of the stream: both say go.
            drop(stream.read(&mut [0]));
        }
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

impl Shared {
    fn receive(&self, listener: &TcpListener, secret: u64) {
        while let Ok((stream, _)) = listener.accept() {
            if self.state.lock().is_closing {
                return;
            }
            self.welcome(stream, secret);
        }
    }

    fn welcome(&self, mut stream: TcpStream, secret: u64) {
        let mut hello = [0; HELLO];
        // A caller that was killed, or stopped, in the middle of its hello must not hold up the others.
        let is_bounded = stream.set_read_timeout(Some(Duration::from_secs(10))).is_ok();
        if !is_bounded || stream.read_exact(&mut hello).is_err() {
            return;
        }
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes make a number"));
        let (claimed, tag, waits) = (number(&hello[..8]), number(&hello[8..16]), hello[16] != 0);
        if claimed != secret {
            return;
        }
        let mut state = self.state.lock();
        state.arrivals.push(tag);
        let goes_on = !waits || state.is_open || state.is_open_for.contains(&tag);
        let goes_on = if goes_on {
            Some(stream)
        } else {
            state.waiting.entry(tag).or_default().push(stream);
            None
        };
        drop(state);
        self.changed.notify_all();
        goes_on.into_iter().for_each(let_pass);
    }
}

fn let_pass(mut stream: TcpStream) {
    // Who was killed meanwhile hears nothing.
    drop(stream.write_all(&[1]));
}
