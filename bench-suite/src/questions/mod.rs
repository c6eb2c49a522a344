//! The questions, in the order of the report: one file each.

mod floors;
mod thread_gather;
mod thread_map;
mod thread_round_trip;
mod thread_throughput;

mod process_map;
mod process_map_chunks;
mod process_open_loop;
mod process_payload;
mod process_recovery;
mod process_round_trip;
mod process_start;
mod process_submitters;
mod process_throughput;

use crate::question::Question;

/// All of them.
#[must_use]
pub fn all() -> Vec<Question> {
    vec![
        thread_round_trip::QUESTION,
        thread_throughput::QUESTION,
        thread_map::QUESTION,
        thread_gather::QUESTION,
        process_round_trip::QUESTION,
        process_open_loop::QUESTION,
        process_throughput::QUESTION,
        process_submitters::QUESTION,
        process_map::QUESTION,
        process_map_chunks::QUESTION,
        process_payload::QUESTION,
        process_start::QUESTION,
        process_recovery::QUESTION,
        floors::QUESTION,
    ]
}

/// The question of this name.
#[must_use]
pub fn find(id: &str) -> Option<Question> {
    all().into_iter().find(|question| question.id == id)
}

/// `1 worker`, `2 workers`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{all, find};
    use crate::contestant::Contestant;
    use crate::effort::Effort;

    #[test]
    fn names_are_unique_and_found() {
        let ids: Vec<&str> = all().iter().map(|question| question.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(ids.iter().all(|id| find(id).is_some_and(|question| question.id == *id)));
    }

    #[test]
    fn points_and_their_contestants_are_told_apart_by_name() {
        for question in all() {
            for effort in [Effort::Trial, Effort::Brief, Effort::Full] {
                let points = (question.points)(effort);
                let labels: BTreeSet<_> = points.iter().map(|point| &point.label).collect();
                assert_eq!(labels.len(), points.len(), "{} at {effort:?}", question.id);
                for point in &points {
                    let names: BTreeSet<_> = point.contestants.iter().map(Contestant::name).collect();
                    assert_eq!(names.len(), point.contestants.len(), "{} at {}", question.id, point.label);
                }
            }
        }
    }
}
