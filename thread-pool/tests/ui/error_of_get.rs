//! `get` lends the error too; who hands it on clones it.

use concurrent_futures_thread_pool::ThreadPool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let future = ThreadPool::new(1)?.spawn(|| 1);
    println!("{}", future.get()?);
    Ok(())
}
