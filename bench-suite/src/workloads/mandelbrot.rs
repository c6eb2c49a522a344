use serde::{Deserialize, Serialize};

use crate::case::{Case, Stopwatch};
use crate::contender::ParallelMap;
use crate::contenders::MapWorkload;
use crate::contestant::{Contestant, Role};
use crate::workloads::SEQUENTIAL;

/// The rows of the Mandelbrot set: a real CPU load, very uneven from row to row.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Mandelbrot {
    /// Width and height.
    pub size: usize,
    /// After so many steps a point counts as inside.
    pub limit: u16,
}

impl MapWorkload for Mandelbrot {
    fn case<C: ParallelMap>(&self, contender: C) -> Case {
        let image = *self;
        Case::new(image.size, image.checksum(), move || {
            let watch = Stopwatch::start();
            let mut sum = 0;
            contender.map(move |y| image.row(y), 0..image.size as u64, |row: Vec<u16>| sum += checksum(&row));
            (watch.stop(image.size), sum)
        })
    }
}

impl Mandelbrot {
    fn row(self, y: u64) -> Vec<u16> {
        let scale = 2.5 / self.size as f64;
        let imaginary = y as f64 * scale - 1.25;
        (0..self.size).map(|x| self.point(x as f64 * scale - 2.0, imaginary)).collect()
    }

    fn point(self, real: f64, imaginary: f64) -> u16 {
        let (mut x, mut y) = (0.0_f64, 0.0_f64);
        for step in 0..self.limit {
            let (xx, yy) = (x * x, y * y);
            if xx + yy > 4.0 {
                return step;
            }
            (x, y) = (xx - yy + real, 2.0 * x * y + imaginary);
        }
        self.limit
    }

    /// The same image on one thread.
    #[must_use]
    pub fn sequential(self) -> Contestant {
        Contestant::new(SEQUENTIAL, Role::Floor, move || {
            Case::new(self.size, self.checksum(), move || {
                let watch = Stopwatch::start();
                let sum = self.checksum();
                (watch.stop(self.size), sum)
            })
        })
    }

    /// Of the whole image, on this thread.
    #[must_use]
    pub fn checksum(self) -> u64 {
        (0..self.size as u64).map(|y| self.checksum_of_row(y)).sum()
    }

    /// Each step count, weighted by its place.
    #[must_use]
    pub fn checksum_of_row(self, y: u64) -> u64 {
        checksum(&self.row(y))
    }
}

fn checksum(row: &[u16]) -> u64 {
    row.iter().enumerate().map(|(x, &steps)| (x as u64 + 1) * u64::from(steps)).sum()
}
