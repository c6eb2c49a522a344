//! What the pools are asked to do.

mod burst;
mod cpu;
mod fan_in;
mod mandelbrot;
mod map;
mod round_trip;

pub use burst::Burst;
pub use cpu::Microsecond;
pub use fan_in::{FanIn, Gathering};
pub use mandelbrot::Mandelbrot;
pub use map::{Map, MapSlice, sequential_map, sequential_map_slice};
pub use round_trip::RoundTrip;
