//! A closure that is stored before it becomes a callback is inferred for one lifetime only.

use concurrent_futures_thread_pool::ThreadPool;

fn main() {
    let future = ThreadPool::new(1).unwrap().spawn(|| 1);
    let print = |outcome| println!("{:?}", Result::is_ok(&outcome));
    future.add_done_callback(print);
    future.detach();
}
