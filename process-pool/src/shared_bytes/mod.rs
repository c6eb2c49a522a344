//! Memory that is lent to workers instead of sent.
//!
//! ```text
//!   new: copy once into a file of memory, sealed against every change
//!      │ a job refers to it for the first time on this worker: its descriptor goes through the control socket
//!      ▼
//!   worker: maps it, and keeps the mapping for the next job
//!      │ the last handle in the parent is dropped
//!      ▼
//!   worker: drops the mapping, as soon as no task of its own holds it
//! ```

#[expect(unsafe_code, reason = "shared memory, seen as atomics or as sealed bytes")]
mod mapping;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use concurrent_futures_core::sync::{Condvar, Mutex};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::SendFlags;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::attachments::{self, Way};
use crate::bytes::Bytes;
use crate::wire::control::{Control, ToWorker};
use mapping::Mapping;

/// Bytes that all workers read in the same memory: for what is used again and again.
///
/// They are copied once, when they are made, and can't be changed afterwards, by nobody. A task gets them by reference,
/// whatever their size; cloning copies nothing. They pay from about a megabyte, and only if they are used more than once:
/// for one task, [`Bytes`] are cheaper.
///
/// ```
/// # concurrent_futures_process_pool::worker_entry!();
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pool = concurrent_futures_process_pool::ProcessPool::new(1)?;
/// use concurrent_futures_process_pool::SharedBytes;
///
/// let table = SharedBytes::new(&[7; 1000])?;
/// assert_eq!(table.slice(10..20)[0], 7);
/// let looked_up = pool.map(|(table, at): (SharedBytes, usize)| u64::from(table[at]), (0..9).map(|at| (table.clone(), at)));
/// assert_eq!(looked_up.sum::<Result<u64, _>>()?, 63);
/// # Ok(())
/// # }
/// ```
///
/// Outside a process pool they can't be serialised: there is nobody to lend them. A worker lends nothing: what it makes
/// itself and returns arrives as a copy.
///
/// Python: `multiprocessing.shared_memory`, which is neither sealed nor freed by itself.
#[derive(Clone)]
pub struct SharedBytes {
    region: Arc<Region>,
    range: Range<usize>,
}

/// One block of sealed memory.
pub(crate) struct Region {
    id: u64,
    mapping: Mapping,
    /// What workers get; nothing in a worker, which lends nothing.
    file: Option<OwnedFd>,
    /// Who must hear of the end.
    lent_to: Mutex<Vec<Weak<Control>>>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl SharedBytes {
    /// Copies `bytes` into memory of their own, and seals it.
    ///
    /// # Errors
    ///
    /// If the system has no memory or no descriptor for it.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        let file = memfd_create("concurrent-futures bytes", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut file = File::from(file);
        file.write_all(bytes)?;
        let all = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, all)?;
        let mapping = Mapping::new(file.as_fd())?;
        // Relaxed: only the number matters.
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let region = Region { id, mapping, file: Some(file.into()), lent_to: Mutex::default() };
        Ok(Self { region: Arc::new(region), range: 0..bytes.len() })
    }

    /// A part, in the same memory.
    ///
    /// # Panics
    ///
    /// If the range isn't inside.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let begin = match range.start_bound() {
            Bound::Included(&begin) => begin,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len(),
        };
        assert!(begin <= end && end <= self.len(), "{begin}..{end} is not inside of {} bytes", self.len());
        Self { region: self.region.clone(), range: self.range.start + begin..self.range.start + end }
    }
}

impl SharedBytes {
    pub(crate) fn region(&self) -> &Arc<Region> {
        &self.region
    }
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.region.mapping.bytes()[self.range.clone()]
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes)", self.len())
    }
}

impl Region {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Lends the memory to a worker that doesn't know it yet.
    pub(crate) fn lend_to(&self, worker: &Arc<Control>) -> io::Result<()> {
        let Some(file) = &self.file else { return Err(io::Error::other("a worker lends no memory")) };
        let is_known = |known: &Weak<Control>| std::ptr::eq(known.as_ptr(), Arc::as_ptr(worker));
        {
            let mut lent_to = self.lent_to.lock();
            lent_to.retain(|known| known.strong_count() > 0);
            if lent_to.iter().any(is_known) {
                return Ok(());
            }
            lent_to.push(Arc::downgrade(worker));
        }
        worker.send(&ToWorker::Region(self.id).write(), &[file.as_fd()], SendFlags::empty())
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        for worker in self.lent_to.get_mut().drain(..).filter_map(|worker| worker.upgrade()) {
            // A worker that doesn't listen keeps a mapping too long, until it ends.
            let _ = worker.send(&ToWorker::Release(self.id).write(), &[], SendFlags::DONTWAIT);
        }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.id)
    }
}

/// How they are written down.
#[derive(Serialize, Deserialize)]
enum Form {
    /// A part of memory that both sides know.
    Lent { id: u64, begin: u64, end: u64 },
    /// A copy, for who doesn't know the memory: a worker's own for its parent, borrowed memory for a worker's worker.
    Copy(Bytes),
}

impl Serialize for SharedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_ours = self.region.file.is_some();
        match attachments::way() {
            None => {
                let text = "SharedBytes can be lent to the workers of a process pool and to nobody else: use Bytes";
                return Err(serde::ser::Error::custom(text));
            }
            Some(Way::Frame | Way::Setup) if is_ours => attachments::leave_region(&self.region),
            // The parent knows what it has lent.
            Some(Way::Reply) if !is_ours => {}
            Some(_) => return Form::Copy(Bytes::from_owner(self.clone())).serialize(serializer),
        }
        let (begin, end) = (self.range.start as u64, self.range.end as u64);
        Form::Lent { id: self.region.id, begin, end }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Copy(bytes) => Self::new(&bytes).map_err(D::Error::custom),
            Form::Lent { id, begin, end } => {
                let region = find(id).ok_or_else(|| D::Error::custom("the shared memory was freed meanwhile"))?;
                let range = begin as usize..end as usize;
                match region.mapping.bytes().get(range.clone()) {
                    Some(_) => Ok(Self { region, range }),
                    None => Err(D::Error::custom("a part of shared memory that isn't there")),
                }
            }
        }
    }
}

/// Worker: the whole of the memory with this number, which its parent lends to it.
pub(crate) fn borrowed(id: u64) -> SharedBytes {
    let region = find(id).expect("a worker waits for what it is lent");
    let range = 0..region.mapping.bytes().len();
    SharedBytes { region, range }
}

/// What a worker was lent.
#[derive(Default)]
struct Borrowed {
    regions: Mutex<HashMap<u64, Arc<Region>>>,
    arrived: Condvar,
}

static BORROWED: std::sync::OnceLock<Borrowed> = std::sync::OnceLock::new();

thread_local! {
    /// In the parent, while a result is being decoded: what its job refers to.
    static REFERRED: std::cell::RefCell<Option<Vec<Arc<Region>>>> = const { std::cell::RefCell::new(None) };
}

/// Worker: begins to keep what it is lent.
pub(crate) fn become_borrower() {
    BORROWED.get_or_init(Borrowed::default);
}

fn is_worker() -> bool {
    BORROWED.get().is_some()
}

/// Worker: memory has arrived.
pub(crate) fn borrow(id: u64, file: &OwnedFd) -> io::Result<()> {
    let region = Region { id, mapping: Mapping::new(file.as_fd())?, file: None, lent_to: Mutex::default() };
    let Some(borrowed) = BORROWED.get() else { return Ok(()) };
    borrowed.regions.lock().insert(id, Arc::new(region));
    borrowed.arrived.notify_all();
    Ok(())
}

/// Worker: the parent has dropped its last handle.
pub(crate) fn give_back(id: u64) {
    if let Some(borrowed) = BORROWED.get() {
        drop(borrowed.regions.lock().remove(&id));
    }
}

/// Parent: decodes a result that may refer to `regions`.
pub(crate) fn referring_to<R>(regions: &[Arc<Region>], decode: impl FnOnce() -> R) -> R {
    if regions.is_empty() && !is_worker() {
        return decode();
    }
    let outer = REFERRED.replace(Some(regions.to_vec()));
    let result = decode();
    REFERRED.set(outer);
    result
}

/// The memory with this number. A worker waits for it: it was sent before the frame that refers to it, and if the parent
/// is dead, so is this process.
fn find(id: u64) -> Option<Arc<Region>> {
    let of_result = |regions: &Vec<Arc<Region>>| regions.iter().find(|region| region.id == id).cloned();
    if let Some(found) = REFERRED.with_borrow(|referred| referred.as_ref().map(of_result)) {
        return found;
    }
    let borrowed = BORROWED.get()?;
    let mut regions = borrowed.regions.lock();
    loop {
        if let Some(region) = regions.get(&id) {
            return Some(region.clone());
        }
        regions = borrowed.arrived.wait(regions);
    }
}
