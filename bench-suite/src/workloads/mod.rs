//! What the pools are asked to do.

/// The plain loop on one thread: what nobody can be better than without more cores.
pub const SEQUENTIAL: &str = "sequential iterator";

mod burst;
mod cpu;
mod cpu_work;
mod fan_in;
mod gate;
mod mandelbrot;
mod map;
mod open_loop;
mod open_trips;
mod ran;
mod round_trip;

pub use burst::Burst;
pub use cpu::Microsecond;
pub use cpu_work::{CpuItem, CpuWork, NUMBERS, Prepared, compute, sum};
pub use fan_in::{FanIn, Gathering};
pub use gate::{Gate, ProcessGate, wait_at};
pub use mandelbrot::Mandelbrot;
pub use map::{Map, MapSlice, sequential_map, sequential_map_slice};
pub use open_loop::OpenLoop;
pub use open_trips::{OpenTrips, Rate};
pub use ran::{Ran, in_process, on_thread, shares, spans};
pub use round_trip::RoundTrip;
