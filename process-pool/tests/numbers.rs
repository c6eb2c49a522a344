//! Submitted = finished + failed + cancelled, where that is not obvious.

use concurrent_futures_conformance::{Gate, Gatekeeper, LIMIT, watchdog};
use concurrent_futures_process_pool::{MapOptions, ProcessPool, Shutdown, worker_entry};
use serde::{Deserialize, Serialize, Serializer, ser};

worker_entry!();

/// A number that can't be written if it is odd.
#[derive(Deserialize)]
struct Even(u64);

impl Serialize for Even {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(2) {
            serializer.serialize_newtype_struct("Even", &self.0)
        } else {
            Err(ser::Error::custom("odd"))
        }
    }
}

fn cancel_a_chunk_of_which_a_part_has_failed() {
    let pool = ProcessPool::new(1).unwrap();
    let keeper = Gatekeeper::new();
    let running = pool.submit(|gate: Gate| gate.pass(0), keeper.gate());
    keeper.await_arrivals(1);
    let items = (0..5).map(Even);
    let map = pool.map_with(MapOptions::new().chunk_size(5), |_: Even| (), items);
    pool.shutdown(Shutdown::cancel_pending().within(std::time::Duration::ZERO));
    keeper.open();
    running.result().unwrap();
    assert_eq!(map.filter(Result::is_err).count(), 5);
    let stats = pool.stats();
    assert_eq!((stats.submitted, stats.ended()), (6, 6), "{stats:?}");
}

#[test]
fn an_item_that_has_failed_is_not_counted_again_when_its_chunk_is_cancelled() {
    watchdog(LIMIT, "cancelled", cancel_a_chunk_of_which_a_part_has_failed);
}
