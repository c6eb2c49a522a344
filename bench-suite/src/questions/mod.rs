//! The questions, in the order of the report: one file each.

mod cpu_scaling;
mod distinct_workers;
mod keep_alive;
mod sleep_removal;
mod worker_reuse;

mod floors;
mod growth_tasks;
mod growth_workers;
mod idle;
mod pending_memory;
mod submit_cost;

mod thread_gather;
mod thread_map;
mod thread_map_chunks;
mod thread_open_loop;
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
        cpu_scaling::QUESTION,
        sleep_removal::QUESTION,
        worker_reuse::QUESTION,
        distinct_workers::QUESTION,
        keep_alive::QUESTION,
        submit_cost::QUESTION,
        thread_round_trip::QUESTION,
        thread_open_loop::QUESTION,
        thread_throughput::QUESTION,
        growth_tasks::QUESTION,
        growth_workers::QUESTION,
        thread_map::QUESTION,
        thread_map_chunks::QUESTION,
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
        pending_memory::QUESTION,
        idle::QUESTION,
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
