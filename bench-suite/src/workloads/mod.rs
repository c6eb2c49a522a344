//! What the pools are asked to do.

/// The plain loop on one thread: what nobody can be better than without more cores.
pub const SEQUENTIAL: &str = "sequential iterator";

mod burst;
mod cpu;
mod fan_in;
mod mandelbrot;
mod map;
mod open_loop;
mod round_trip;

pub use burst::Burst;
pub use cpu::Microsecond;
pub use fan_in::{FanIn, Gathering};
pub use mandelbrot::Mandelbrot;
pub use map::{Map, MapSlice, sequential_map, sequential_map_slice};
pub use open_loop::{OpenLoop, Rate};
pub use round_trip::RoundTrip;
