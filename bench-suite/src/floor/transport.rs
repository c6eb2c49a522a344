//! Bytes on their way.

use std::hint::black_box;
use std::thread::{self, JoinHandle};

use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};

use super::primitive;
use crate::contestant::{Contestant, Role};
use crate::workloads::RoundTrip;

/// About what a tiny task takes.
const FRAME: [u8; 32] = [7; 32];

/// A copy of so many bytes into memory that is there already.
#[must_use]
pub fn copy(name: &str, bytes: usize, times: usize) -> Contestant {
    primitive(name, times, move || {
        let (from, mut to) = (vec![7_u8; bytes], vec![0_u8; bytes]);
        move |_| to.copy_from_slice(black_box(&from))
    })
}

/// A frame over ipc-channel's channels of bytes to a thread and back: what the process pool is built on, without a process.
#[must_use]
pub fn channel_of_bytes(trips: RoundTrip) -> Contestant {
    Contestant::new("floor: raw ipc-channel bytes", Role::Floor, move || {
        let partner = Partner::new();
        trips.of(move || partner.trip())
    })
}

struct Partner {
    there: Option<IpcBytesSender>,
    back: IpcBytesReceiver,
    thread: Option<JoinHandle<()>>,
}

impl Partner {
    fn new() -> Self {
        let (there, arrivals) = bytes_channel().expect("a channel can be made");
        let (answers, back) = bytes_channel().expect("a channel can be made");
        // It ends with the other end of what it reads.
        let thread = thread::spawn(move || {
            while let Ok(frame) = arrivals.recv() {
                if answers.send(&frame).is_err() {
                    break;
                }
            }
        });
        Self { there: Some(there), back, thread: Some(thread) }
    }

    fn trip(&self) {
        let there = self.there.as_ref().expect("it is open until the drop");
        there.send(&FRAME).expect("the partner reads");
        assert_eq!(self.back.recv().expect("the partner answers"), FRAME);
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        drop(self.there.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
