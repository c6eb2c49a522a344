use concurrent_futures_process_pool::{ProcessPool, worker_entry};
worker_entry!();
#[test]
fn smoke() {
    let pool = ProcessPool::new(2).unwrap();
    let f = pool.submit(|n: u64| (n * 2, std::process::id()), 21);
    let (n, pid) = f.result().unwrap();
    assert_eq!(n, 42);
    assert_ne!(pid, std::process::id());
    let all: Vec<u64> = pool.map(|n: u64| n + 1, 0..100_000).map(Result::unwrap).collect();
    assert_eq!(all.len(), 100_000);
    assert_eq!(all[99_999], 100_000);
    println!("{:?}", pool.worker_stats());
}
