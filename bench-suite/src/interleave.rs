//! The measuring loop: short rounds in which every case runs once.
//!
//! ```text
//!   round 0   A B C      warm-up, thrown away
//!   round 1   B C A      each round starts with another case
//!   round 2   C A B      ratios are taken within a round: A/B of round 1, A/B of round 2, ...
//! ```
//!
//! What disturbs the machine for a second disturbs all cases of a round alike and leaves their ratio as it is. A ratio of
//! two medians, taken seconds apart, has no such protection.

use crate::case::{Case, Sample};
use crate::spread::Spread;

/// How often everything runs.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Rounds before the measured ones.
    pub warm_up: usize,
    /// Measured rounds.
    pub rounds: usize,
}

/// What the rounds gave: for each case one sample per round.
#[derive(Debug)]
pub struct Rounds {
    samples: Vec<Vec<Sample>>,
}

/// Runs all cases in rounds.
pub fn interleave(cases: &mut [Case], plan: Plan) -> Rounds {
    let mut samples: Vec<Vec<Sample>> = cases.iter().map(|_| Vec::with_capacity(plan.rounds)).collect();
    for round in 0..plan.warm_up + plan.rounds {
        for turn in 0..cases.len() {
            let index = (round + turn) % cases.len();
            let sample = cases[index].run();
            if round >= plan.warm_up {
                samples[index].push(sample);
            }
        }
    }
    Rounds { samples }
}

impl Rounds {
    /// Something of one case, over the rounds.
    pub fn spread(&self, case: usize, of: impl Fn(&Sample) -> f64) -> Spread {
        Spread::of(self.samples[case].iter().map(of))
    }

    /// Nanoseconds per unit of one case.
    #[must_use]
    pub fn nanos(&self, case: usize) -> Spread {
        self.spread(case, |sample| sample.nanos)
    }

    /// How many times as long as `base` the case takes: the ratio of each round, then their median.
    #[must_use]
    pub fn ratio(&self, case: usize, base: usize) -> Spread {
        self.pairs(case, base, |case, base| case / base)
    }

    /// How many nanoseconds per unit more than `base` the case takes: the difference of each round, then their median.
    #[must_use]
    pub fn difference(&self, case: usize, base: usize) -> Spread {
        self.pairs(case, base, |case, base| case - base)
    }

    /// Whether units were timed one by one.
    #[must_use]
    pub fn has_p99(&self) -> bool {
        self.samples.iter().flatten().any(|sample| sample.p99_nanos.is_some())
    }

    fn pairs(&self, case: usize, base: usize, of: impl Fn(f64, f64) -> f64) -> Spread {
        let pairs = self.samples[case].iter().zip(&self.samples[base]);
        Spread::of(pairs.map(|(case, base)| of(case.nanos, base.nanos)))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::{Plan, interleave};
    use crate::case::{Case, Role, Sample};

    /// A case whose nth run takes `step * n` nanoseconds and which leaves its name in a journal.
    fn case(name: &'static str, step: f64, journal: &Rc<RefCell<Vec<&'static str>>>) -> Case {
        let (journal, mut runs) = (journal.clone(), 0.0);
        Case::new(name, Role::Peer, 1, 0, move || {
            journal.borrow_mut().push(name);
            runs += 1.0;
            let sample = Sample { wall: Duration::ZERO, nanos: step * runs, cpu_nanos: 0.0, p99_nanos: None };
            (sample, 0)
        })
    }

    #[test]
    fn rounds_rotate_and_ratios_are_taken_within_them() {
        let journal = Rc::default();
        let mut cases = [case("a", 2.0, &journal), case("b", 6.0, &journal), case("c", 1.0, &journal)];
        journal.borrow_mut().clear();
        let rounds = interleave(&mut cases, Plan { warm_up: 1, rounds: 2 });
        assert_eq!(journal.borrow().join(""), "abcbcacab");
        let ratio = rounds.ratio(1, 0);
        assert_eq!((ratio.lower, ratio.median, ratio.upper), (3.0, 3.0, 3.0));
        assert_eq!(rounds.difference(0, 2).median, 3.5);
    }
}
