//! The measuring loop: short rounds in which every contestant runs once, each in a process of its own.
//!
//! ```text
//!   round 0   A B C      warm-up, thrown away
//!   round 1   B C A      each round starts with another contestant
//!   round 2   C A B      ratios are taken within a round: A/B of round 1, A/B of round 2, ...
//! ```
//!
//! What disturbs the machine for a second disturbs all contestants of a round alike and leaves their ratio as it is. A ratio
//! of two medians, taken seconds apart, has no such protection. Processes of their own keep memory, threads and the state of
//! the allocator from one contestant to the next; between its rounds a contestant sleeps in a read.

mod contender_process;

use std::process::Command;

use contender_process::{ContenderProcess, PATIENCE, keep_memory, this_program};

use crate::contend::Seat;
use crate::contestant::Contestant;
use crate::effort::{Effort, Plan};
use crate::question::{Point, Question};
use crate::results::{Absent, Answer, Place, Row};
use crate::sample::Sample;

/// Measures questions.
#[derive(Debug, Clone, Copy)]
pub struct Conductor {
    /// Which points, and how large.
    pub effort: Effort,
    /// How many rounds.
    pub plan: Plan,
}

impl Conductor {
    /// Measures one question. `at` is told each point before it is measured.
    pub fn answer(self, question: &Question, mut at: impl FnMut(&Point)) -> Answer {
        let points = (question.points)(self.effort);
        let places: Vec<Place> = points
            .iter()
            .map(|point| {
                at(point);
                self.measure(question, point, this_program)
            })
            .collect();
        let verdicts = groups(&places)
            .iter()
            .flat_map(|group| question.promises.iter().filter_map(|promise| promise.judge_together(group)))
            .collect();
        Answer::to(question, places, verdicts)
    }

    /// `program` is what plays a contestant.
    fn measure(self, question: &Question, point: &Point, program: impl Fn(&Seat) -> Command) -> Place {
        let mut missing = Vec::new();
        let mut seats: Vec<Taken<'_>> = Vec::new();
        for contestant in &point.contestants {
            let seat = self.seat(question, point, contestant);
            let mut command = program(&seat);
            if question.keeps_memory {
                keep_memory(&mut command);
            }
            match ContenderProcess::start(command, PATIENCE) {
                Ok((process, units)) => seats.push(Taken { contestant, process, units, samples: Vec::new() }),
                Err(reason) => missing.push(Absent { name: contestant.name().to_owned(), reason }),
            }
        }
        self.rounds(&mut seats, &mut missing);
        let rows = seats.into_iter().map(Taken::into_row).collect();
        let mut place = Place {
            label: point.label.clone(),
            x: point.x,
            group: point.group.clone(),
            pinned: point.pinned,
            rows,
            missing,
            verdicts: Vec::new(),
        };
        if self.effort != Effort::Trial {
            place.verdicts = point.promises.iter().filter_map(|promise| promise.judge(&place)).collect();
        }
        place
    }

    /// Who fails in a round leaves, with the reason; the others go on.
    fn rounds(self, seats: &mut Vec<Taken<'_>>, missing: &mut Vec<Absent>) {
        for round in 0..self.plan.warm_up + self.plan.rounds {
            let mut failed = Vec::new();
            for turn in 0..seats.len() {
                let index = (round + turn) % seats.len();
                let seat = &mut seats[index];
                match seat.process.round() {
                    Ok(sample) if round >= self.plan.warm_up => seat.samples.push(sample),
                    Ok(_) => {}
                    Err(reason) => failed.push((index, reason)),
                }
            }
            failed.sort_unstable_by_key(|&(index, _)| index);
            for (index, reason) in failed.into_iter().rev() {
                missing.push(Absent { name: seats.remove(index).contestant.name().to_owned(), reason });
            }
        }
    }

    fn seat(self, question: &Question, point: &Point, contestant: &Contestant) -> Seat {
        Seat {
            question: question.id.to_owned(),
            point: point.label.clone(),
            contestant: contestant.name().to_owned(),
            trial: self.effort == Effort::Trial,
            brief: self.effort == Effort::Brief,
        }
    }
}

/// The places of each group, in the order in which the groups appear.
#[must_use]
pub fn groups(places: &[Place]) -> Vec<Vec<&Place>> {
    let mut groups: Vec<Vec<&Place>> = Vec::new();
    for place in places {
        match groups.iter_mut().find(|group| group[0].group == place.group) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

struct Taken<'a> {
    contestant: &'a Contestant,
    process: ContenderProcess,
    units: usize,
    samples: Vec<Sample>,
}

impl Taken<'_> {
    fn into_row(self) -> Row {
        Row::of(self.contestant.name(), self.contestant.role(), self.units, self.samples)
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Conductor;
    use crate::contestant::{Contestant, Missing, Role};
    use crate::effort::{Effort, Plan};
    use crate::question::Point;
    use crate::questions;

    /// A shell for each contestant: the steady one answers, the others don't for long.
    fn shell(name: &str) -> Command {
        let (ready, sample) = (r#"{"Ready":{"units":1}}"#, r#"{"Sample":{"wall":{"secs":1,"nanos":0},"value":2.0}}"#);
        let end = match name {
            "dies" => "echo oh >&2; exit 7",
            "fails" => r#"echo '{"Failed":"its answer is wrong"}'"#,
            _ => "",
        };
        let script = match name {
            "steady" => format!("echo '{ready}'; while read order; do echo '{sample}'; done"),
            "missing" => r#"echo '{"Missing":"it is not installed"}'"#.to_owned(),
            _ => format!("echo '{ready}'; read order; echo '{sample}'; read order; {end}"),
        };
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    }

    #[test]
    fn who_fails_leaves_with_a_reason_and_the_others_go_on() {
        let nobody = |name| Contestant::fallible(name, Role::Peer, || Err(Missing(String::new())));
        let point = Point::new("point", 1.0, ["missing", "dies", "steady", "fails"].map(nobody).into());
        let conductor = Conductor { effort: Effort::Trial, plan: Plan { warm_up: 1, rounds: 3 } };
        let place = conductor.measure(&questions::all()[0], &point, |seat| shell(&seat.contestant));

        let rows: Vec<_> = place.rows.iter().map(|row| (row.name.as_str(), row.values.len())).collect();
        assert_eq!(rows, [("steady", 3)]);
        let mut missing: Vec<_> =
            place.missing.iter().map(|absent| (absent.name.as_str(), absent.reason.as_str())).collect();
        missing.sort_unstable();
        assert_eq!(
            missing,
            [
                ("dies", "it ended with exit status: 7: oh"),
                ("fails", "its answer is wrong"),
                ("missing", "it is not installed"),
            ]
        );
    }
}
