//! The far side: a process of the same program that serves tasks from bytes, one after the other.

use std::env;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use concurrent_futures::TaskId;
use concurrent_futures::portable::{Call, Context, Serving};

use super::wire::{self, BEGIN, HELLO, REPLY, STOP, TASK};

/// The argument by which a process finds out that it is a worker.
pub(crate) const ROLE: &str = "--serve-remote-executor";

/// The first line of `main`. A worker never returns from it.
///
/// The socket is its standard input. (A task that reads that would read frames: a real pool moves the socket away first, and
/// puts `/dev/null` in its place.)
pub(crate) fn init() {
    if env::args().nth(1).as_deref() == Some(ROLE) {
        let ended = io::stdin().as_fd().try_clone_to_owned().and_then(|socket| serve(&UnixStream::from(socket)));
        process::exit(i32::from(ended.is_err()));
    }
}

fn serve(stream: &UnixStream) -> io::Result<()> {
    wire::send(stream, HELLO, &[&wire::build()?])?;
    let stopped = Arc::new(AtomicU64::new(0));
    let frames = listen(stream.try_clone()?, stopped.clone());
    let mut serving = None;
    let mut reply = Vec::new();
    // Ends with the process: `listen` ends that when the executor is gone.
    for (kind, body) in frames {
        match (kind, &mut serving) {
            (BEGIN, _) => {
                drop(serving.take()); // the last one begun is the first to be dropped
                serving = Some(begin(&body, stopped.clone())?);
            }
            (TASK, Some(serving)) => {
                reply.clear();
                serving.task(wire::number(&body)? as usize, &body[8..], &mut reply);
                wire::send(stream, REPLY, &[&reply])?;
            }
            _ => return Err(io::Error::other("a frame that nobody sends")),
        }
    }
    Ok(())
}

/// Reads on a thread of its own, so that a task can be asked to stop while it runs, and so that the process ends with its
/// executor, also in the middle of a task.
fn listen(stream: UnixStream, stopped: Arc<AtomicU64>) -> mpsc::Receiver<(u8, Vec<u8>)> {
    let (tell, frames) = mpsc::channel();
    thread::spawn(move || {
        while let Ok((kind, body)) = wire::receive(&stream) {
            if kind == STOP {
                // Relaxed: a flag that a task may see late.
                stopped.store(wire::number(&body).unwrap_or(0), Ordering::Relaxed);
            } else if tell.send((kind, body)).is_err() {
                break;
            }
        }
        process::exit(0);
    });
    frames
}

fn begin(body: &[u8], stopped: Arc<AtomicU64>) -> io::Result<Serving> {
    let too_short = || io::Error::other("a frame is too short");
    let (numbers, rest) = body.split_at_checked(40).ok_or_else(too_short)?;
    let call = Call { entry: here(wire::number(numbers)?), function: here(wire::number(&numbers[8..])?) };
    let (id, attempt) = (wire::number(&numbers[16..])?, wire::number(&numbers[24..])?);
    let mut context = Context::new(TaskId::from_u64(id))
        .attempt(attempt as u32)
        .stop_when(move || stopped.load(Ordering::Relaxed) == id);
    let (label, carried) = rest.split_at_checked(wire::number(&numbers[32..])? as usize).ok_or_else(too_short)?;
    if !carried.is_empty() {
        context = context.carried(carried);
    }
    if let Ok(label) = str::from_utf8(label)
        && !label.is_empty()
    {
        context = context.label(label);
    }
    // SAFETY: `serve` asks that the call come from `Encoded::call` in this program image, with both addresses translated to
    // where the image lies here. The executor names them by their distance from the landmark, `here` adds this process's
    // landmark, and the executor has compared the builds of both ends before it sent anything.
    Ok(unsafe { Serving::begin(call, context) })
}

/// Each process loads the program at another address, so a function crosses as its distance from this one.
fn landmark() -> usize {
    init as fn() as usize
}

/// What crosses in place of an address. A function of a shared library has another distance there: a real pool refuses what
/// doesn't lie in the program itself.
pub(crate) fn distance(address: usize) -> u64 {
    address.wrapping_sub(landmark()) as u64
}

fn here(distance: u64) -> usize {
    landmark().wrapping_add(distance as usize)
}
