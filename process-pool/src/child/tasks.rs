//! The thread that runs the tasks: one frame after the other, one task after the other.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use concurrent_futures_core::TaskId;
use concurrent_futures_core::portable::Context;
use rustix::net::SendFlags;

use super::serve;
use crate::attachments::{self, Way};
use crate::bytes::Bytes;
use crate::image::Image;
use crate::link::{self, WorkerEnds};
use crate::page::{LARGEST_RECORD, Page, Producer, now_nanos};
use crate::shared_bytes;
use crate::wire::control::{Control, Hello, Initializer, Setup};
use crate::wire::frame::{self, Frame, Header, Job};
use crate::wire::note;

/// The thread of the tasks, with its ends of everything.
pub(super) struct Tasks {
    image: &'static Image,
    page: Arc<Page>,
    ends: WorkerEnds,
    results: Producer,
    reply: Vec<u8>,
}

impl Tasks {
    /// Makes the channel, runs the initializer, and says hello.
    pub(super) fn begin(setup: &Setup, page: Arc<Page>, control: &Control) -> io::Result<Self> {
        let image = Image::ours()?;
        let (ends, packet) = link::make()?;
        let initializer = setup.initializer.as_ref().map(|initializer| initialise(image, initializer)).transpose()?;
        let (identity, aborts_on_panic) = (image.identity().clone(), cfg!(panic = "abort"));
        let hello = Hello::Ready { identity, aborts_on_panic, ends: packet.bytes, initializer };
        let descriptors: Vec<BorrowedFd<'_>> = packet.descriptors.iter().map(AsFd::as_fd).collect();
        control.send(&hello.write(), &descriptors, SendFlags::empty())?;
        Ok(Self { image, page, ends, results: Producer::default(), reply: Vec::new() })
    }

    /// Runs what comes, until a frame says stop or the parent is gone.
    pub(super) fn serve(&mut self) -> io::Result<()> {
        while let Some(bytes) = self.ends.frames.receive()? {
            self.page.frames_read().fetch_add(1, Ordering::Release);
            match frame::read(&bytes)? {
                Frame::Stop => return Ok(()),
                Frame::Jobs(jobs) => self.serve_jobs(jobs)?,
            }
        }
        Ok(())
    }

    fn serve_jobs(&mut self, jobs: Vec<Job<'_>>) -> io::Result<()> {
        let mut now = now_nanos();
        for job in jobs {
            let attachments = (0..job.header.attachments).map(|_| self.receive_attachment());
            let attachments = attachments.collect::<io::Result<Vec<Bytes>>>()?;
            self.page.slot(checked(job.header.slot)?).stamp(now);
            let (served, _) =
                attachments::supply(attachments, || attachments::collect(Way::Reply, || self.serve_job(&job)));
            served?;
            now = self.account(now);
            if self.page.bell().must_wake_parent() {
                self.ends.notes.send(note::LOOK)?;
            }
        }
        Ok(())
    }

    fn serve_job(&mut self, job: &Job<'_>) -> io::Result<()> {
        let (page, header) = (self.page.clone(), &job.header);
        let slot = page.slot(header.slot);
        // What was taken back is not begun, and nothing behind it.
        if !slot.begin(header.generation) {
            return Ok(());
        }
        let mut serving = serve::begin(self.image, header, self.context(header))?;
        for (position, argument) in job.arguments.iter().enumerate() {
            if position > 0 && !slot.begin(header.generation) {
                break;
            }
            let index = job.indices.as_ref().map_or(position, |indices| indices[position]);
            self.reply.clear();
            serving.task(index, argument, &mut self.reply);
            if position + 1 == job.arguments.len() {
                slot.note_took(now_nanos().saturating_sub(slot.begun_at()));
            }
            self.answer(header.slot, position)?;
            slot.answer(header.generation, position);
        }
        Ok(())
    }

    fn context(&self, header: &Header<'_>) -> Context {
        let (page, slot) = (self.page.clone(), header.slot);
        let mut context = Context::new(TaskId::from_u64(header.id))
            .attempt(header.attempt)
            .stop_when(move || page.slot(slot).is_stop_requested());
        if let Some(label) = header.label {
            context = context.label(label);
        }
        if let Some(carried) = header.carried {
            context = context.carried(carried);
        }
        if header.deadline > 0
            && let Some(deadline) = Instant::now().checked_add(Duration::from_nanos(header.deadline))
        {
            context = context.deadline(deadline);
        }
        context
    }

    /// Publishes the reply before anything else begins, so that it outlives this process.
    fn answer(&mut self, slot: usize, position: usize) -> io::Result<()> {
        let left = attachments::take_left();
        if left.is_some() || self.reply.len() > LARGEST_RECORD {
            let beside = left.unwrap_or_default().bytes;
            self.ends.notes.send(&note::result(slot, position, beside.len(), &self.reply))?;
            return beside.iter().try_for_each(|bytes| self.ends.notes.send(bytes));
        }
        while !self.results.push(&self.page, slot, position, &self.reply) {
            self.wake_parent()?;
            let (page, results, bytes) = (&self.page, &self.results, self.reply.len());
            page.bell().worker_waits_until(|| results.has_room(page, bytes));
        }
        if self.results.is_half_full(&self.page) {
            self.wake_parent()?;
        }
        Ok(())
    }

    fn wake_parent(&self) -> io::Result<()> {
        if self.page.bell().must_wake_parent() { self.ends.notes.send(note::LOOK) } else { Ok(()) }
    }

    fn receive_attachment(&self) -> io::Result<Bytes> {
        match self.ends.frames.receive()? {
            Some(bytes) => Ok(bytes.into()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Counts a job that began at `begun`, and gives the time.
    fn account(&self, begun: u64) -> u64 {
        let now = now_nanos();
        let (nanos, jobs) = self.page.busy();
        // Relaxed: a number for estimates, and only this thread writes it.
        nanos.fetch_add(now.saturating_sub(begun), Ordering::Relaxed);
        // Release: the supervisor that sees it looks at what became of the jobs.
        jobs.fetch_add(1, Ordering::Release);
        now
    }
}

/// Runs the initializer; the reply says how it went.
fn initialise(image: &Image, initializer: &Initializer) -> io::Result<Vec<u8>> {
    let header = Header {
        slot: 0,
        generation: 0,
        id: 0,
        entry: initializer.entry,
        function: initializer.function,
        attempt: 1,
        deadline: 0,
        label: Some("initializer"),
        carried: None,
        attachments: 0,
    };
    let context = Context::new(TaskId::from_u64(0)).label("initializer");
    let mut reply = Vec::new();
    let lent = initializer.lent.map(shared_bytes::borrowed);
    let argument = lent.as_deref().unwrap_or(&initializer.argument);
    serve::begin(image, &header, context)?.task(0, argument, &mut reply);
    Ok(reply)
}

/// The parent is believed, but a slot that isn't there would be a panic in the middle of nowhere.
fn checked(slot: usize) -> io::Result<usize> {
    if slot < crate::page::SLOTS { Ok(slot) } else { Err(crate::wire::bytes::Malformed.into()) }
}
