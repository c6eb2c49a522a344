//! Python's own example of its `ProcessPoolExecutor`, with the same numbers and the same output.
//!
//! ```text
//! cargo run --release --example primes
//! ```
//!
//! <https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor-example>
#![expect(clippy::print_stdout, reason = "a program prints its results")]

use std::error::Error;

use concurrent_futures::ProcessPool;

const PRIMES: [u64; 6] =
    [112272535095293, 112582705942171, 112272535095293, 115280095190773, 115797848077099, 1099726899285419];

fn is_prime(n: u64) -> bool {
    if n < 2 {
        return false;
    }
    if n == 2 {
        return true;
    }
    if n.is_multiple_of(2) {
        return false;
    }
    (3..=n.isqrt()).step_by(2).all(|i| !n.is_multiple_of(i))
}

fn main() -> Result<(), Box<dyn Error>> {
    concurrent_futures::init(); // Python: if __name__ == '__main__':
    let executor = ProcessPool::builder().build()?;
    for (number, prime) in PRIMES.into_iter().zip(executor.map(is_prime, PRIMES)) {
        println!("{number} is prime: {}", if prime? { "True" } else { "False" });
    }
    Ok(())
}
