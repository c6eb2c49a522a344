//! The program that comes before ours in docs/migrating.md.

fn heavy(n: u64) -> u64 {
    (1..=n).product()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let answer = runtime.block_on(async { tokio::task::spawn_blocking(|| heavy(10)).await });
    assert_eq!(answer.unwrap(), 3_628_800);
}
