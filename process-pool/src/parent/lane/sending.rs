//! How jobs are sent to a worker.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use concurrent_futures_core::Tally;
use concurrent_futures_core::sync::MutexGuard;

use super::{InFlight, Lane, Tag};
use crate::attachments::Attachments;
use crate::link::FrameSender;
use crate::page::Slot;
use crate::parent::offer::SlotOffer;
use crate::parent::waiting::{Held, Waiting};
use crate::parent::worker::Worker;
use crate::wire::control::Control;
use crate::wire::frame::{FrameWriter, Header};

impl Worker {
    /// Sends jobs, all in one frame. At most as many tasks of each are offered as `most` says.
    ///
    /// # Errors
    ///
    /// Gives them back if the lane is closed, or cancelled.
    pub(crate) fn send(self: &Arc<Self>, jobs: Vec<Waiting>, most: usize) -> Result<(), Vec<Waiting>> {
        self.send_into(self.lane.lock(), jobs, most)
    }

    /// As [`send`](Self::send), for who holds the lane already, so that nothing comes before him.
    pub(crate) fn send_into(
        self: &Arc<Self>,
        mut lane: MutexGuard<'_, Lane>,
        jobs: Vec<Waiting>,
        most: usize,
    ) -> Result<(), Vec<Waiting>> {
        if !lane.is_open || lane.is_cancelled {
            return Err(jobs);
        }
        lane.frames_sent += 1;
        let (number, sent) = (lane.frames_sent, Instant::now());
        let mut frame = FrameWriter::new(jobs.len(), jobs.iter().map(|waiting| waiting.payload.size).sum());
        let mut attachments = Attachments::default();
        for mut waiting in jobs {
            waiting.give_room();
            let slot = lane.free.pop().expect("no more jobs are sent than there is room for");
            let entry = &mut lane.entries[slot];
            entry.generation += 1;
            let generation = entry.generation as u16;
            let tasks = waiting.payload.tasks().min(most).min(Slot::MOST_TASKS);
            self.page.slot(slot).offer(generation, tasks);
            let limit = waiting.options.deadline_limit();
            let header = Header {
                slot,
                generation,
                id: waiting.id().as_u64(),
                entry: waiting.payload.entry,
                function: waiting.payload.function,
                attempt: waiting.attempt(),
                deadline: limit.map_or(0, |limit| u64::try_from(limit.as_nanos()).unwrap_or(0)),
                label: waiting.options.label_text(),
                carried: waiting.payload.carried(),
                attachments: waiting.payload.attachments.bytes.len(),
            };
            let indices = waiting.payload.indices();
            if let Some(arguments) = waiting.payload.arguments() {
                frame.job(&header, indices.as_deref(), arguments.map(|(_, argument)| argument));
            }
            let beside = waiting.payload.attachments.clone();
            attachments.bytes.extend(beside.bytes);
            attachments.regions.extend(beside.regions);
            let offer = Arc::new(SlotOffer::new(self.clone(), slot, entry.generation));
            match &waiting.held {
                // It refuses an offer only where it is over.
                Held::Fresh(job) => drop(job.offer(offer)),
                // From now on an abort comes here; one that came before is seen below.
                Held::Begun(job) => job.offer(offer),
                Held::Over(_) => {}
            }
            if waiting.is_unwanted() {
                // It was cancelled in the queue: the worker passes it over, and the supervisor empties the slot.
                self.page.slot(slot).withdraw();
            }
            let (id, label) = (waiting.id(), waiting.options.label_text().map(Arc::from));
            entry.tag = Some(Tag { limit, kill: None, frame: number, sent, id, label, indices: indices.clone() });
            let (offered, tally) = (waiting.payload.tasks(), Tally::default());
            entry.job = Some(InFlight { waiting, offered, done: 0, tally, indices });
            // Before the write, which takes as long as the worker likes.
            if let Some(limit) = limit {
                self.look_after(limit, slot, &mut lane);
            }
        }
        let frame = frame.finish();
        lane.unread.push_back((number, frame.len()));
        // Nobody waits for this lock with the lane's in his hand: a worker has one sender at a time. The write may take as
        // long as the worker likes, and who wants to kill it needs the lane.
        let writer = self.frames.lock();
        drop(lane);
        // What can't be sent has not begun, and the death that is the reason gives it back. Where the reason is another,
        // the system's lack of something, the worker would wait for ever for what is missing.
        if let Err(error) = write(&writer, &self.control, &frame, &attachments) {
            self.note_unsent(number, error);
            self.process().give_up();
        }
        drop(writer);
        Ok(())
    }
}

/// Writes a frame and what belongs to it: the memory before, so that it is there when it is referred to, the rest behind.
fn write(frames: &FrameSender, control: &Arc<Control>, frame: &[u8], attachments: &Attachments) -> io::Result<()> {
    attachments.regions.iter().try_for_each(|region| region.lend_to(control))?;
    frames.send(frame)?;
    attachments.bytes.iter().try_for_each(|bytes| frames.send(bytes))
}
