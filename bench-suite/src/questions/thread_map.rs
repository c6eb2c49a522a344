use super::count;
use crate::contenders::{MapWorkload, map_contestants};
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::promise::Promise;
use crate::question::{Axis, Measure, Plot, Point, Question};
use crate::workloads::{Mandelbrot, Map, MapSlice, Microsecond, sequential_map, sequential_map_slice};

pub(super) const QUESTION: Question = Question {
    id: "thread_map",
    title: "What does an item of a map cost above the plain loop, and how is the work spread?",
    method: "One function over many items. `map` hands each result to the caller, in order, and may pull an endless input; \
             `map_slice` borrows a slice and fills a vector, which is rayon's home ground.",
    measure: Measure::NanosPer("item"),
    axis: Axis { name: "workers", logarithmic: false },
    plot: Plot::Bars,
    brief: false,
    keeps_memory: true,
    points,
    promises: &[],
};

fn points(effort: Effort) -> Vec<Point> {
    let trivial = effort.units(1_000_000, 2_000);
    let short = effort.units(20_000, 200);
    let image = Mandelbrot { size: effort.units(300, 16), limit: 300 };
    let micro = Microsecond::calibrated();
    let microsecond = move |n| micro.work(n);

    let mut points = Vec::new();
    for workers in [1, 2] {
        let (map, floor) = (Map { items: trivial, function: next }, sequential_map(trivial, next));
        points.push(point("map, trivial items", workers, &map, floor).promise(Promise::AboveFloor(10.0)));

        let (map, floor) = (MapSlice { items: trivial, function: next }, sequential_map_slice(trivial, next));
        points.push(point("map_slice, trivial items", workers, &map, floor).promise(Promise::AtMost(1.5)));

        let (map, floor) = (Map { items: short, function: microsecond }, sequential_map(short, microsecond));
        points.push(point("map, items of 1 us", workers, &map, floor).promise(Promise::AtMost(1.05)));

        let (map, floor) = (MapSlice { items: short, function: microsecond }, sequential_map_slice(short, microsecond));
        points.push(point("map_slice, items of 1 us", workers, &map, floor).promise(Promise::AtMost(1.05)));

        points.push(point("map, Mandelbrot rows", workers, &image, image.sequential()).promise(Promise::NoSlower));
    }
    points
}

fn point(name: &str, workers: usize, workload: &impl MapWorkload, floor: Contestant) -> Point {
    let mut contestants = map_contestants(workers, workload);
    contestants.push(floor);
    Point::new(format!("{name}, {}", count(workers, "worker")), workers as f64, contestants).group(name)
}

fn next(n: u64) -> u64 {
    n.wrapping_add(1)
}
