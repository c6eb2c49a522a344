//! The readers, with what `proptest` thinks of.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{control, counting, frame, note, ring, write_frame};
use crate::image::{Identity, Offset};
use crate::page::{Memory, Producer};
use crate::wire::control::{Hello, Initializer, Setup, ToWorker};
use crate::wire::frame::{self as frames, Frame, Header, Job};
use crate::wire::note as notes;
#[cfg(feature = "log")]
use crate::wire::record::LogRecord;

/// A job in memory of its own.
#[derive(Debug)]
struct Owned {
    header: Header<'static>,
    label: Option<String>,
    carried: Option<Vec<u8>>,
    indices: Option<Vec<usize>>,
    arguments: Vec<Vec<u8>>,
}

impl Owned {
    fn job(&self) -> Job<'_> {
        let (label, carried) = (self.label.as_deref(), self.carried.as_deref());
        let header = Header { label, carried, ..self.header.clone() };
        Job { header, indices: self.indices.clone(), arguments: self.arguments.iter().map(Vec::as_slice).collect() }
    }
}

prop_compose! {
    fn header()(
        (slot, attachments) in any::<(usize, usize)>(),
        (generation, id, attempt, deadline) in any::<(u16, u64, u32, u64)>(),
        (entry, function) in any::<(i64, i64)>(),
    ) -> Header<'static> {
        let (entry, function) = (Offset(entry), Offset(function));
        Header { slot, generation, id, entry, function, attempt, deadline, label: None, carried: None, attachments }
    }
}

prop_compose! {
    fn job()(
        header in header(),
        label in any::<Option<String>>(),
        carried in any::<Option<Vec<u8>>>(),
        tasks in vec((any::<usize>(), vec(any::<u8>(), 0..20)), 0..6),
        has_indices in any::<bool>(),
    ) -> Owned {
        let (indices, arguments): (Vec<usize>, _) = tasks.into_iter().unzip();
        Owned { header, label, carried, indices: has_indices.then_some(indices), arguments }
    }
}

fn setup() -> impl Strategy<Value = ToWorker> {
    let initializer = any::<Option<(i64, i64, Vec<u8>, Option<u64>)>>();
    (any::<String>(), any::<(usize, u32, u32)>(), initializer).prop_map(
        |(name, (stack_size, parent, log_level), initializer)| {
            let initializer = initializer.map(|(entry, function, argument, lent)| Initializer {
                entry: Offset(entry),
                function: Offset(function),
                argument,
                lent: lent.filter(|&id| id > 0),
            });
            ToWorker::Setup(Setup { name, stack_size, initializer, parent, log_level })
        },
    )
}

fn hello() -> impl Strategy<Value = Hello> {
    let ready = any::<(String, u64, bool, Vec<u8>, Option<Vec<u8>>)>();
    let ready = ready.prop_map(|(device, inode, aborts_on_panic, ends, initializer)| Hello::Ready {
        identity: Identity { device, inode },
        aborts_on_panic,
        ends,
        initializer,
    });
    prop_oneof![ready, any::<String>().prop_map(Hello::Refused), any::<String>().prop_map(Hello::OffMain)]
}

/// Gives `check` the bytes with each bit flipped, and cut at each place.
fn damage(bytes: &[u8], check: fn(&[u8])) {
    (0..bytes.len()).for_each(|len| check(&bytes[..len]));
    let mut bytes = bytes.to_vec();
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        check(&bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn w2_any_bytes_are_understood_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        [frame, note, control].iter().for_each(|reader| reader(&bytes));
        // What begins like a frame of jobs gets further.
        frame(&[&[1], bytes.as_slice()].concat());
    }

    #[test]
    fn r2_any_words_are_understood_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        ring(&bytes);
    }

    /// Lengths that are nearly right: the records go on and on, and round the end.
    #[test]
    fn r2_headers_of_any_length_are_understood_or_refused(
        (length, step) in any::<(u8, u8)>(),
        lengths in vec(0..6_u64, 64),
    ) {
        let words = lengths.iter().flat_map(|words| (words << 35).to_le_bytes());
        ring(&[length, step].into_iter().chain(words).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn w1_a_frame_is_read_as_it_was_written_and_never_in_part(jobs in vec(job(), 0..4)) {
        let jobs: Vec<_> = jobs.iter().map(Owned::job).collect();
        let bytes = write_frame(&jobs);
        (0..bytes.len()).for_each(|len| assert!(frames::read(&bytes[..len]).is_err(), "cut at {len}"));
        damage(&bytes, frame);
        prop_assert_eq!(frames::read(&bytes), Ok(Frame::Jobs(jobs)));
    }

    #[test]
    fn a_note_is_read_as_it_was_written(
        (slot, position, attachments) in any::<(usize, usize, usize)>(),
        reply in vec(any::<u8>(), 0..50),
    ) {
        let bytes = notes::result(slot, position, attachments, &reply);
        damage(&bytes, note);
        prop_assert_eq!(notes::read(&bytes), Ok(notes::Note::Result { slot, position, attachments, reply: &reply }));
    }

    #[test]
    fn a_setup_and_its_answer_are_read_as_they_were_written(setup in setup(), hello in hello()) {
        for bytes in [setup.write(), hello.write()] {
            damage(&bytes, control);
        }
        prop_assert_eq!(ToWorker::read(&setup.write()), Ok(setup));
        prop_assert_eq!(Hello::read(&hello.write()), Ok(hello));
    }

    #[cfg(feature = "log")]
    #[test]
    fn a_log_record_is_read_as_it_was_written(
        (level, target, message) in (1..6_u32, any::<String>(), any::<String>()),
        (module, file, line) in any::<(Option<String>, Option<String>, Option<u32>)>(),
        (task, label, lost) in any::<(Option<u64>, Option<String>, u64)>(),
        pairs in vec(any::<(String, String)>(), 0..3),
    ) {
        let (module, file, label) = (module.as_deref(), file.as_deref(), label.as_deref());
        let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let record = LogRecord { level, target: &target, message: &message, module, file, line, task, label, pairs, lost };
        let bytes = record.write();
        (0..bytes.len()).for_each(|len| assert!(LogRecord::read(&bytes[..len]).is_err(), "cut at {len}"));
        damage(&bytes[..bytes.len().min(200)], control);
        prop_assert_eq!(LogRecord::read(&bytes), Ok(record));
    }

    #[test]
    fn r1_whatever_is_written_is_read_once_and_in_order(
        replies in vec(vec(any::<u8>(), 0..70), 0..200),
        reads in vec(any::<bool>(), 1..20),
    ) {
        let (memory, mut producer) = (Memory::new(16), Producer::default());
        let (mut bytes, mut records) = (Vec::new(), Vec::new());
        for (position, reply) in replies.iter().enumerate() {
            if reads[position % reads.len()] || !memory.push(&mut producer, position % 64, position, reply) {
                memory.drain(&mut bytes, &mut records).unwrap();
                prop_assert!(memory.push(&mut producer, position % 64, position, reply), "there is room");
            }
        }
        memory.drain(&mut bytes, &mut records).unwrap();
        prop_assert_eq!(records.len(), replies.len());
        for (position, (record, reply)) in records.iter().zip(&replies).enumerate() {
            prop_assert_eq!((record.slot, record.position), (position % 64, position));
            prop_assert_eq!(&bytes[record.bytes.clone()], reply);
        }
    }
}

/// A few bytes that announce as much as a number can say.
#[test]
fn w2_nothing_is_allocated_by_a_number_that_was_told() {
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let head = [0; 10];
    for has_indices in [0, 1] {
        frame(&[&[1], most.as_slice()].concat());
        frame(&[&[1, 1], head.as_slice(), &[has_indices], &most].concat());
        frame(&[&[1, 1], head.as_slice(), &[has_indices], &most, &[0; 1000]].concat());
    }
    let (_, asked) = counting::allocated(|| drop(vec![0_u8; 1 << 20]));
    assert_eq!(asked, 1 << 20, "the counter counts");
}
