#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| concurrent_futures_process_pool::hostile::ring(bytes));
