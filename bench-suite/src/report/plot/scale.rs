//! From values to places on an axis, and the values worth a tick.

/// An axis from one value to another, linear or logarithmic, over some length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    logarithmic: bool,
}

impl Scale {
    /// From nothing to the greatest of some values, or a little more, so that a bar's length is its value.
    pub(crate) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let greatest = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let high = if greatest > 0.0 { greatest } else { 1.0 };
        Self { low: 0.0, high, start: 0.0, end: 1.0, logarithmic: false }
    }

    /// Around some values, those that aren't above nothing left out, as a logarithm has no place for them.
    pub(crate) fn logarithmic(values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for value in values.into_iter().filter(|value| value.is_finite() && *value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high == 0.0 {
            (low, high) = (1.0, 10.0);
        }
        // At least a ratio of two, so that there is a tick to read.
        if high / low < 2.0 {
            (low, high) = (low / 1.5, high * 1.5);
        }
        Self { low, high, start: 0.0, end: 1.0, logarithmic: true }
    }

    /// Between two values.
    pub(crate) fn linear(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, start: 0.0, end: 1.0, logarithmic: false }
    }

    /// Widened to the next ticks on both sides.
    pub(crate) fn rounded(mut self) -> Self {
        if self.logarithmic {
            let inside = |value: f64, up: bool| {
                let decade = 10_f64.powf(value.log10().floor());
                let mut steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade).into_iter();
                if up {
                    steps.find(|step| *step >= value * 0.999).unwrap_or(value)
                } else {
                    steps.rfind(|step| *step <= value * 1.001).unwrap_or(value)
                }
            };
            (self.low, self.high) = (inside(self.low, false), inside(self.high, true));
        } else {
            let step = step(self.high - self.low, 4);
            (self.low, self.high) = ((self.low / step + 1e-9).floor() * step, (self.high / step - 1e-9).ceil() * step);
        }
        self
    }

    /// Laid over this length; `end` may lie before `start`, as it does for a vertical axis.
    pub(crate) fn over(mut self, start: f64, end: f64) -> Self {
        (self.start, self.end) = (start, end);
        self
    }

    /// Where a value lies; at the lower end if a logarithm has no place for it.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(self.low).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.start + part * (self.end - self.start)
    }

    /// The lower end.
    pub(crate) fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    pub(crate) fn high(&self) -> f64 {
        self.high
    }

    /// Whether it is logarithmic.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Round values, at most about `many`, from the lower end to the upper.
    pub(crate) fn ticks(&self, many: usize) -> Vec<f64> {
        if self.logarithmic { self.decades(many) } else { self.steps(many) }
    }

    fn steps(&self, many: usize) -> Vec<f64> {
        let step = step(self.high - self.low, many);
        let (first, last) = ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        (first..=last).map(|index| index as f64 * step).collect()
    }

    /// 1, 2 and 5 of each decade, if there is room for them; else the decades, or every so many of them.
    fn decades(&self, many: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let within = |ticks: Vec<f64>| -> Vec<f64> {
            ticks.into_iter().filter(|tick| (self.low * 0.999..=self.high * 1.001).contains(tick)).collect()
        };
        for steps in [&[1.0, 2.0, 5.0][..], &[1.0, 3.0]] {
            let decade = |power: i32| steps.iter().map(move |step| step * 10_f64.powi(power));
            let ticks = within((first..=last).flat_map(decade).collect());
            if ticks.len() <= many {
                return ticks;
            }
        }
        let decades = within((first..=last).map(|power| 10_f64.powi(power)).collect());
        let stride = decades.len().div_ceil(many.max(1)).max(1);
        if decades.len() < 2 {
            return within(
                (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power))).collect(),
            );
        }
        decades.into_iter().step_by(stride).collect()
    }
}

/// A round step that cuts a length into at most so many.
fn step(length: f64, many: usize) -> f64 {
    let least = length / many.max(1) as f64;
    let decade = 10_f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|step| step * decade);
    round.into_iter().find(|step| *step >= least * 0.999).unwrap_or(decade * 10.0)
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(Scale::from_zero([83.0]).ticks(4), [0.0, 25.0, 50.0, 75.0]);
        assert_eq!(Scale::from_zero([83.0]).rounded().high(), 100.0);
        assert_eq!(Scale::logarithmic([3.0, 45.0]).rounded().ticks(6), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(Scale::logarithmic([1.0, 1e6]).ticks(4), [1.0, 100.0, 10_000.0, 1e6]);
        assert_eq!(Scale::logarithmic([50.0, 20_000.0]).ticks(3), [100.0, 1000.0, 10_000.0]);
        assert_eq!(Scale::logarithmic([30.0, 300.0]).ticks(1), [50.0, 100.0, 200.0]);
    }

    #[test]
    fn ends_lie_at_the_ends() {
        for scale in [Scale::linear(2.0, 8.0), Scale::logarithmic([2.0, 8.0])] {
            let scale = scale.over(100.0, 20.0);
            assert!((scale.at(2.0) - 100.0).abs() < 1e-9 && (scale.at(8.0) - 20.0).abs() < 1e-9);
        }
    }

    #[test]
    fn odd_values_have_a_place() {
        for scale in [Scale::from_zero([]), Scale::from_zero([0.0]), Scale::logarithmic([0.0]), Scale::linear(1.0, 1.0)]
        {
            for scale in [scale, scale.rounded()] {
                assert!([0.0, 1.0].iter().all(|value| scale.at(*value).is_finite()), "{scale:?}");
                assert!(!scale.ticks(4).is_empty(), "{scale:?}");
            }
        }
    }
}
