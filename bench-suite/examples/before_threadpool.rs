//! The program that comes before ours in docs/migrating.md.

fn main() {
    let pool = threadpool::ThreadPool::new(2);
    let (tell, hear) = std::sync::mpsc::channel();
    for n in 1..=3_u64 {
        let tell = tell.clone();
        pool.execute(move || tell.send(n * n).unwrap());
    }
    drop(tell);
    assert_eq!(hear.iter().sum::<u64>(), 14);
}
