//! Two runs beside each other: what differs by more than a day makes, and what doesn't.

use std::time::Duration;

use concurrent_futures_bench_suite::compare::{CONTROLS, Change, Comparison};
use concurrent_futures_bench_suite::results::Row;
use concurrent_futures_bench_suite::{Results, Role, Sample};

/// A run with one place: ours takes so long, and so many peers take `peers`, each in five rounds of a little noise.
fn run(ours: f64, peers: f64, count: usize) -> Results {
    let mut results: Results = serde_json::from_str(include_str!("one_question.json")).expect("it is a run");
    let row = |name: &str, role, value: f64| {
        let noise = [0.98, 0.99, 1.0, 1.01, 1.02];
        Row::of(name, role, 1, noise.map(|noise| Sample::of(Duration::ZERO, value * noise)).into())
    };
    let place = &mut results.answers[0].places[0];
    place.rows = vec![row("ours", Role::Ours, ours)];
    place.rows.extend((0..count).map(|index| row(&format!("peer {index}"), Role::Peer, peers)));
    results.answers[0].places.truncate(1);
    results
}

fn changes(before: &Results, after: &Results) -> Vec<(String, Change)> {
    let comparison = Comparison::of(before, after);
    comparison.pairs.iter().map(|pair| (pair.after.name.clone(), comparison.change(pair))).collect()
}

#[test]
fn ours_alone_has_changed() {
    assert_eq!(changes(&run(100.0, 50.0, CONTROLS), &run(70.0, 50.0, CONTROLS))[0].1, Change::Better);
    assert_eq!(changes(&run(100.0, 50.0, CONTROLS), &run(150.0, 50.0, CONTROLS))[0].1, Change::Worse);
}

#[test]
fn a_faster_day_is_no_change() {
    let changes = changes(&run(100.0, 50.0, CONTROLS), &run(70.0, 35.0, CONTROLS));
    assert!(changes.iter().all(|(_, change)| *change == Change::Noise), "{changes:?}");
}

#[test]
fn what_lies_within_the_quartiles_is_noise() {
    let changes = changes(&run(100.0, 50.0, CONTROLS), &run(101.0, 50.0, CONTROLS));
    assert_eq!(changes[0].1, Change::Noise);
}

#[test]
fn with_few_peers_the_day_is_unknown_and_said_to_be() {
    let (before, after) = (run(100.0, 50.0, CONTROLS - 1), run(70.0, 35.0, CONTROLS - 1));
    assert_eq!(changes(&before, &after)[0].1, Change::Better);
    let text = Comparison::of(&before, &after).to_string();
    assert!(text.contains("is unknown"), "{text}");
}

#[test]
fn machines_commits_and_rows_that_differ_are_named() {
    let (before, mut after) = (run(100.0, 50.0, 3), run(100.0, 50.0, 2));
    after.run.commit = "feedface".into();
    after.machine.cores = 64;
    let text = Comparison::of(&before, &after).to_string();
    for part in ["feedface in B", "cores: 2 in A, 64 in B", "only A: ", "peer 2", "0 better and 0 worse"] {
        assert!(text.contains(part), "there is no {part:?} in {text}");
    }
}

#[test]
fn nothing_that_stays_nothing_has_not_changed() {
    let changes = changes(&run(0.0, 0.0, CONTROLS), &run(0.0, 0.0, CONTROLS));
    assert!(changes.iter().all(|(_, change)| *change == Change::Noise), "{changes:?}");
}
