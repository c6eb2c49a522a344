//! The pools that are measured: ours first, then its peers.

mod ours;
mod ours_lock_free;

#[cfg(feature = "peers")]
mod blocking;
#[cfg(feature = "peers")]
mod rayon;
#[cfg(feature = "peers")]
mod threadpool;
#[cfg(feature = "peers")]
mod tokio;

pub use ours::Ours;
pub use ours_lock_free::OursLockFree;

#[cfg(feature = "peers")]
pub use self::{blocking::Blocking, rayon::Rayon, threadpool::Threadpool, tokio::Tokio};

use crate::case::Case;
use crate::contender::{Contender, ParallelMap};

/// Something that every contender can be asked to do.
pub trait Workload {
    /// The workload on one contender.
    fn case<C: Contender>(&self, contender: C) -> Case;
}

/// Something that every contender with a `map` can be asked to do.
pub trait MapWorkload {
    /// The workload on one contender.
    fn case<C: ParallelMap>(&self, contender: C) -> Case;
}

/// One case per contender, each with so many workers; ours is the first.
pub fn cases(workers: usize, workload: &impl Workload) -> Vec<Case> {
    vec![
        workload.case(Ours::new(workers)),
        workload.case(OursLockFree::new(workers)),
        #[cfg(feature = "peers")]
        workload.case(Rayon::new(workers)),
        #[cfg(feature = "peers")]
        workload.case(Tokio::new(workers)),
        #[cfg(feature = "peers")]
        workload.case(Threadpool::new(workers)),
        #[cfg(feature = "peers")]
        workload.case(Blocking::new(workers)),
    ]
}

/// One case per contender that has a `map`; ours is the first.
pub fn map_cases(workers: usize, workload: &impl MapWorkload) -> Vec<Case> {
    vec![
        workload.case(Ours::new(workers)),
        #[cfg(feature = "peers")]
        workload.case(Rayon::new(workers)),
    ]
}
