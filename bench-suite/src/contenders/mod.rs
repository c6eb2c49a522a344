//! The pools that are measured: ours first, then its peers.

mod ours;
mod ours_lock_free;
mod thread_each;

#[cfg(feature = "peers")]
mod blocking;
#[cfg(feature = "peers")]
mod rayon;
#[cfg(feature = "peers")]
mod rusty_pool;
#[cfg(feature = "peers")]
mod threadpool;
#[cfg(feature = "peers")]
mod tokio;
#[cfg(feature = "peers")]
mod tokio_async;

pub use ours::Ours;
pub use ours_lock_free::OursLockFree;
pub use thread_each::ThreadEach;

#[cfg(feature = "peers")]
pub use self::{
    blocking::Blocking, rayon::Rayon, rusty_pool::RustyPool, threadpool::Threadpool, tokio::Tokio,
    tokio_async::TokioAsync,
};

use crate::case::Case;
use crate::contender::{Contender, ParallelMap};
use crate::contestant::Contestant;

/// Something that every contender can be asked to do.
pub trait Workload: Clone + 'static {
    /// The workload on one contender.
    fn case<C: Contender>(&self, contender: C) -> Case;
}

/// Something that every contender with a `map` can be asked to do.
pub trait MapWorkload: Clone + 'static {
    /// The workload on one contender.
    fn case<C: ParallelMap>(&self, contender: C) -> Case;
}

/// One contestant per contender, each with so many workers; ours is the first.
pub fn contestants(workers: usize, workload: &impl Workload) -> Vec<Contestant> {
    vec![
        contestant::<Ours>(workers, workload),
        contestant::<OursLockFree>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<Rayon>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<Tokio>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<TokioAsync>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<Threadpool>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<Blocking>(workers, workload),
        #[cfg(feature = "peers")]
        contestant::<RustyPool>(workers, workload),
    ]
}

/// One contestant per contender that has a `map`; ours is the first.
pub fn map_contestants(workers: usize, workload: &impl MapWorkload) -> Vec<Contestant> {
    vec![
        map_contestant::<Ours>(workers, workload),
        #[cfg(feature = "peers")]
        map_contestant::<Rayon>(workers, workload),
    ]
}

/// One contender on a workload.
pub fn contestant<C: Contender>(workers: usize, workload: &impl Workload) -> Contestant {
    let workload = workload.clone();
    Contestant::new(C::NAME, C::ROLE, move || workload.case(C::new(workers)))
}

fn map_contestant<C: ParallelMap>(workers: usize, workload: &impl MapWorkload) -> Contestant {
    let workload = workload.clone();
    Contestant::new(C::NAME, C::ROLE, move || workload.case(C::new(workers)))
}
