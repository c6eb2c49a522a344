//! What ipc-channel, the wire of such pools, needs to carry bytes to another process and back.

use std::env;
use std::fmt;
use std::process::{Child, Command};

use ipc_channel::ipc::{self, IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender};

use super::workloads::{look_at_each_page, noise, time, timed_each};
use crate::contestant::{Contestant, Role};

/// In the echo: where it connects to.
const VARIABLE: &str = "BENCH_SUITE_BYTES_ECHO";

/// What the echo sends when it is there: where it gets its bytes, and where its answers come out.
type Ends = (IpcBytesSender, IpcBytesReceiver);

/// In the echo: answers until the other end is closed, and never returns.
pub fn become_echo() {
    let Some(server) = env::var_os(VARIABLE) else { return };
    let server = server.to_string_lossy().into_owned();
    let (orders, to_answer) = ipc::bytes_channel().expect("a channel can be made");
    let (answers, results) = ipc::bytes_channel().expect("a channel can be made");
    let parent: IpcSender<Ends> = IpcSender::connect(server).expect("the parent waits for it");
    parent.send((orders, results)).expect("the parent reads");
    while to_answer.recv().is_ok_and(|bytes| answers.send(&bytes).is_ok()) {}
    std::process::exit(0);
}

/// Bytes there and back over two channels, by one thread.
#[must_use]
pub fn echo(times: usize, bytes: usize) -> Contestant {
    Contestant::new("floor: raw ipc-channel", Role::Floor, move || {
        let (echo, payload) = (Echo::new(), noise(bytes));
        timed_each(times, move || {
            let mut result = Vec::new();
            let taken = time(|| {
                result = echo.trip(&payload);
                std::hint::black_box(look_at_each_page(&result));
            });
            assert!(result == payload, "the echo answers what it got");
            taken
        })
    })
}

struct Echo {
    ends: Option<Ends>,
    process: Child,
}

impl Echo {
    fn new() -> Self {
        let (server, name) = IpcOneShotServer::<Ends>::new().expect("a server can be made");
        let program = env::current_exe().expect("this program has a path");
        let process = Command::new(program).env(VARIABLE, name).spawn().expect("this program can be started again");
        let (_, ends) = server.accept().expect("the echo connects");
        Self { ends: Some(ends), process }
    }

    fn trip(&self, payload: &[u8]) -> Vec<u8> {
        let (orders, results) = self.ends.as_ref().expect("they are there until the drop");
        orders.send(payload).expect("the echo reads");
        results.recv().expect("the echo answers")
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").finish_non_exhaustive()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.ends.take());
        let _ = self.process.wait();
    }
}
