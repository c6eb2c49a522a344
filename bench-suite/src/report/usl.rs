//! The Universal Scalability Law: what a few workers say of many.
//!
//! ```text
//!                        lambda N
//!   X(N) = ------------------------------------      N* = sqrt((1 - sigma) / kappa)
//!          1 + sigma (N - 1) + kappa N (N - 1)
//! ```
//!
//! `lambda` is the throughput of one worker, `sigma` the part of the work that they do one after another, and `kappa` what each
//! pair costs by talking to each other. With `sigma` alone the speed-up ends at `1 / sigma`; with `kappa` it is greatest at N*,
//! and falls from there on.

/// The law's parameters for some measurements, and how many of them could be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// The throughput of one worker.
    pub lambda: f64,
    /// The part that is done one after another, 0 to 1.
    pub sigma: f64,
    /// What each pair of workers costs.
    pub kappa: f64,
    /// 1: `lambda` alone; 2: `sigma` too; 3: all of them. Each needs a number of workers of its own.
    pub parameters: usize,
}

impl Usl {
    /// The best fit to `(workers, throughput)`, by least squares of the relative errors; parameters below nothing, and
    /// more than all of the work one after another, have no meaning and are left out. `None` if there is nothing to fit.
    ///
    /// `N / X(N)` is linear in `1/lambda`, `sigma/lambda` and `kappa/lambda`, so no search is needed.
    #[must_use]
    pub fn fit(measured: &[(f64, f64)]) -> Option<Self> {
        let measured: Vec<(f64, f64)> =
            measured.iter().copied().filter(|&(workers, throughput)| workers >= 1.0 && throughput > 0.0).collect();
        let mut workers: Vec<f64> = measured.iter().map(|point| point.0).collect();
        workers.sort_by(f64::total_cmp);
        workers.dedup();
        let parameters = workers.len().min(3);
        // In the order in which one prefers them: as many parameters as there are data for, without those below nothing.
        let choices: &[&[usize]] = match parameters {
            0 => return None,
            1 => &[&[0]],
            2 => &[&[0, 1], &[0, 2], &[0]],
            _ => &[&[0, 1, 2], &[0, 1], &[0, 2], &[0]],
        };
        let fits = choices.iter().filter_map(|chosen| solve(&measured, chosen));
        let has_meaning = |[inverse, sigma, kappa]: [f64; 3]| {
            inverse > 0.0 && (0.0..=inverse * (1.0 + 1e-9)).contains(&sigma) && kappa >= 0.0
        };
        let fits: Vec<_> = fits.filter(|(values, _)| has_meaning(*values)).collect();
        let least = fits.iter().map(|(_, left)| *left).fold(f64::INFINITY, f64::min);
        let (values, _) = *fits.iter().find(|(_, left)| *left <= least + 1e-9)?;
        let [inverse, sigma, kappa] = values;
        Some(Self { lambda: 1.0 / inverse, sigma: sigma / inverse, kappa: kappa / inverse, parameters })
    }

    /// The throughput of so many workers.
    #[must_use]
    pub fn throughput(&self, workers: f64) -> f64 {
        self.lambda * workers / (1.0 + self.sigma * (workers - 1.0) + self.kappa * workers * (workers - 1.0))
    }

    /// The number of workers beyond which more of them are slower; `None` if there is none.
    #[must_use]
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 1e-9).then(|| ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt().max(1.0))
    }

    /// The speed-up that no number of workers exceeds; `None` if there is no end.
    #[must_use]
    pub fn limit(&self) -> Option<f64> {
        match self.peak() {
            Some(peak) => Some(self.throughput(peak) / self.throughput(1.0)),
            None => (self.sigma > 1e-9).then(|| 1.0 / self.sigma),
        }
    }
}

/// The terms of `N / X(N)`.
fn terms(workers: f64) -> [f64; 3] {
    [1.0, workers - 1.0, workers * (workers - 1.0)]
}

/// Least squares of the relative errors over the chosen terms: the normal equations, and what is left.
fn solve(measured: &[(f64, f64)], chosen: &[usize]) -> Option<([f64; 3], f64)> {
    let rows: Vec<[f64; 3]> =
        measured.iter().map(|&(workers, throughput)| terms(workers).map(|term| term * throughput / workers)).collect();
    let size = chosen.len();
    let mut equations = vec![vec![0.0; size + 1]; size];
    for row in &rows {
        for (i, one) in chosen.iter().enumerate() {
            for (j, other) in chosen.iter().enumerate() {
                equations[i][j] += row[*one] * row[*other];
            }
            equations[i][size] += row[*one];
        }
    }
    let solution = eliminate(equations)?;
    let mut values = [0.0; 3];
    for (term, value) in chosen.iter().zip(solution) {
        values[*term] = value;
    }
    let left =
        rows.iter().map(|row| (row.iter().zip(values).map(|(term, value)| term * value).sum::<f64>() - 1.0).powi(2));
    Some((values, left.sum()))
}

/// Gauss and Jordan, with the greatest pivot. The last column is the right side.
fn eliminate(mut equations: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = equations.len();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|a, b| equations[*a][column].abs().total_cmp(&equations[*b][column].abs()))?;
        equations.swap(column, pivot);
        let head = equations[column][column];
        if head.abs() < 1e-12 {
            return None;
        }
        equations[column].iter_mut().for_each(|value| *value /= head);
        let row = equations[column].clone();
        for other in (0..size).filter(|other| *other != column) {
            let factor = equations[other][column];
            equations[other].iter_mut().zip(&row).for_each(|(value, base)| *value -= factor * base);
        }
    }
    Some(equations.into_iter().map(|row| row[size]).collect())
}

#[cfg(test)]
mod tests {
    use super::Usl;

    fn measured(law: Usl, workers: &[f64]) -> Vec<(f64, f64)> {
        workers.iter().map(|&workers| (workers, law.throughput(workers))).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b.abs().max(1.0)
    }

    #[test]
    fn the_parameters_are_found_again() {
        let law = Usl { lambda: 950.0, sigma: 0.03, kappa: 0.0005, parameters: 3 };
        let fit = Usl::fit(&measured(law, &[1.0, 2.0, 4.0, 8.0, 16.0])).unwrap();
        assert!(close(fit.lambda, 950.0) && close(fit.sigma, 0.03) && close(fit.kappa, 0.0005), "{fit:?}");
        assert!((fit.peak().unwrap() - 44.0).abs() < 0.1, "{fit:?}");
    }

    #[test]
    fn few_numbers_of_workers_tell_few_parameters() {
        let law = Usl { lambda: 1.0, sigma: 0.1, kappa: 0.0, parameters: 2 };
        let fit = Usl::fit(&measured(law, &[1.0, 2.0])).unwrap();
        assert!(close(fit.sigma, 0.1) && fit.kappa == 0.0 && fit.parameters == 2, "{fit:?}");
        assert!(close(fit.limit().unwrap(), 10.0));
        let fit = Usl::fit(&[(1.0, 3.0)]).unwrap();
        assert!(close(fit.lambda, 3.0) && fit.parameters == 1 && fit.limit().is_none());
        assert_eq!(Usl::fit(&[]), None);
    }

    #[test]
    fn better_than_linear_is_called_linear() {
        let fit = Usl::fit(&[(1.0, 1.0), (2.0, 2.1), (4.0, 4.3)]).unwrap();
        assert!(fit.sigma == 0.0 && fit.kappa == 0.0 && fit.lambda > 1.0, "{fit:?}");
    }

    #[test]
    fn flat_as_under_the_gil_is_all_one_after_another() {
        let fit = Usl::fit(&[(1.0, 1.0), (2.0, 1.0)]).unwrap();
        assert!(close(fit.sigma, 1.0) && close(fit.limit().unwrap(), 1.0), "{fit:?}");
    }

    #[test]
    fn slower_with_more_workers_is_what_they_cost_each_other() {
        let fit = Usl::fit(&[(1.0, 1.0), (2.0, 0.5)]).unwrap();
        assert!(fit.sigma == 0.0 && close(fit.kappa, 1.5) && close(fit.peak().unwrap(), 1.0), "{fit:?}");
    }
}
