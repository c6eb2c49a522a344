//! The program that comes before ours in docs/migrating.md.

fn main() -> Result<(), procspawn::SpawnError> {
    procspawn::init();
    let pool = procspawn::Pool::new(2)?;
    let handle = pool.spawn(vec![1_i64, 2, 3], |numbers| numbers.into_iter().sum::<i64>());
    assert_eq!(handle.join()?, 6);
    pool.shutdown();
    Ok(())
}
