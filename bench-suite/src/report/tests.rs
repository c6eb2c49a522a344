//! Whatever was measured, it becomes documents that can be read.

use std::time::Duration;

use roxmltree::Document as Xml;

use super::figure::{Figure, NARROW};
use super::{documents, made_up};
use crate::contestant::Role;
use crate::question::{Measure, Plot};
use crate::questions;
use crate::results::{Answer, Results, Row};
use crate::sample::{Distribution, Sample};

const PLOTS: [Plot; 5] = [Plot::Bars, Plot::Lines, Plot::Percentiles, Plot::Scaling, Plot::Timeline];
const NAMES: [(&str, Role); 5] = [
    ("ours", Role::Ours),
    ("ours, <with> an & option", Role::Ours),
    ("a peer with a name that is longer than anybody would ever choose for a contestant, chunks of 5000", Role::Peer),
    ("peer", Role::Peer),
    ("floor: of the machine", Role::Floor),
];

/// All documents of some answers, after what must hold of any.
fn rendered(results: &Results) -> Vec<super::Document> {
    let documents = documents(results);
    assert_eq!(documents, super::documents(results), "the same results give the same documents");
    for document in &documents {
        let plots = if document.name.ends_with(".svg") { vec![document.text.as_str()] } else { inline(&document.text) };
        let has_rows = results.answers.iter().any(|answer| answer.places.iter().any(|place| !place.rows.is_empty()));
        assert!(!has_rows || document.name == "performance.md" || !plots.is_empty(), "{} has no plot", document.name);
        for plot in plots {
            let xml = Xml::parse(plot).unwrap_or_else(|error| panic!("{}: {error}: {plot}", document.name));
            let root = xml.root_element();
            if root.attribute("role") == Some("img") {
                assert!(root.children().any(|child| child.has_tag_name("title") || child.tag_name().name() == "title"));
            }
        }
        for unreadable in ["NaN", "inf ", "inf<", "Infinity", "-0 "] {
            assert!(!document.text.contains(unreadable), "{} says {unreadable}", document.name);
        }
        assert!(!document.text.contains("/somewhere"), "{} names a directory of the machine", document.name);
    }
    documents
}

/// The plots of a page.
fn inline(page: &str) -> Vec<&str> {
    let pieces = page.split("<svg").skip(1).map(|piece| {
        let start = piece.as_ptr() as usize - page.as_ptr() as usize - "<svg".len();
        let end = piece.find("</svg>").expect("it is closed") + start + "<svg</svg>".len();
        &page[start..end]
    });
    pieces.collect()
}

/// No text of its plots overlaps another, by the widths of a wide font.
fn assert_legible(answer: &Answer) {
    let figure = Figure::of(answer, 2);
    assert_eq!(figure.composed().misplaced(), [""; 0], "{}: {}", answer.id, answer.method);
    for panel in &figure.panels {
        for width in [NARROW, 540.0, 1100.0] {
            assert_eq!(figure.drawn(panel, width).misplaced(), [""; 0], "{} at {width}: {}", answer.id, answer.method);
        }
    }
}

#[test]
fn every_question_becomes_documents() {
    let answers: Vec<Answer> = questions::all().iter().map(|question| made_up::answer(question, 5)).collect();
    answers.iter().for_each(assert_legible);
    let results = made_up::results(answers);
    let documents = rendered(&results);
    let names: Vec<&str> = documents.iter().map(|document| document.name.as_str()).collect();
    for question in questions::all() {
        assert!(names.contains(&format!("{}.svg", question.id).as_str()), "{names:?}");
        assert!(documents[0].text.contains(&format!("id=\"{}\"", question.id)));
        assert!(documents[1].text.contains(&format!("]({}.svg)", question.id)));
    }
}

#[test]
fn every_plot_bears_what_is_odd() {
    type Change = fn(&mut Answer);
    let changes: [(&str, Change); 8] = [
        ("nothing odd", |_| {}),
        ("no places", |answer| answer.places.clear()),
        ("a place without rows", |answer| answer.places[1].rows.clear()),
        ("one place", |answer| answer.places.truncate(1)),
        ("no peers", |answer| keep(answer, |role| role != Role::Peer)),
        ("floors alone", |answer| keep(answer, |role| role == Role::Floor)),
        ("nothing but nothing", |answer| {
            for row in answer.places.iter_mut().flat_map(|place| &mut place.rows) {
                row.values.iter_mut().for_each(|value| *value = 0.0);
                row.timeline = row.timeline.as_ref().map(|_| Vec::new());
            }
        }),
        ("a distribution here and an empty one there", |answer| {
            answer.places[0].rows[0].distribution = None;
            answer.places[0].rows[2].distribution = Some(Distribution::default());
            answer.places[2].rows.iter_mut().for_each(|row| row.distribution = None);
        }),
    ];
    for plot in PLOTS {
        for rounds in [1, 5] {
            for (what, change) in changes {
                let mut answer = made_up::unknown(plot, &NAMES, rounds);
                change(&mut answer);
                answer.method = format!("{plot:?}, {rounds} rounds, {what}");
                assert_legible(&answer);
                rendered(&made_up::results(vec![answer]));
            }
        }
    }
}

fn keep(answer: &mut Answer, is_kept: impl Fn(Role) -> bool) {
    for place in &mut answer.places {
        place.rows.retain(|row| is_kept(row.role));
    }
}

#[test]
fn every_measure_has_words() {
    let measures = [
        Measure::NanosPer("thing".to_owned()),
        Measure::BytesPer("task".to_owned()),
        Measure::Count("distinct workers".to_owned()),
        Measure::CpuMicrosPerSecond("idleness".to_owned()),
    ];
    for measure in measures {
        let mut answer = made_up::unknown(Plot::Bars, &NAMES, 5);
        answer.measure = measure;
        assert_legible(&answer);
        rendered(&made_up::results(vec![answer]));
    }
}

#[test]
fn signs_of_the_language_stay_text() {
    let documents = rendered(&made_up::results(vec![made_up::unknown(Plot::Bars, &NAMES, 5)]));
    for document in &documents {
        assert!(!document.text.contains("<with>") && !document.text.contains("<missing>"), "{}", document.name);
    }
    assert!(documents[0].text.contains("ours, &lt;with&gt; an &amp; option"));
}

#[test]
fn the_page_asks_nothing_of_the_network_and_has_no_script() {
    let page = &rendered(&made_up::results(vec![made_up::unknown(Plot::Lines, &NAMES, 5)]))[0].text;
    for word in ["<script", "src=", "@import", "url(", "href=\"http", "<link"] {
        assert!(!page.contains(word), "the page has {word}");
    }
}

#[test]
fn without_answers_there_is_a_page_all_the_same() {
    let documents = documents(&made_up::results(Vec::new()));
    assert_eq!(documents.len(), 2);
    assert!(documents[0].text.contains("Machine and run"));
}

/// The finding of an answer in which everybody has a figure at one or two places.
fn finding(rows: [&[(&str, Role, f64)]; 2]) -> String {
    let mut answer = made_up::unknown(Plot::Bars, &[], 5);
    answer.places.truncate(rows.len());
    for (place, rows) in answer.places.iter_mut().zip(rows) {
        let row = |&(name, role, value): &_| {
            let samples = [0.99, 1.0, 1.0, 1.0, 1.01].map(|noise| Sample::of(Duration::ZERO, value * noise));
            Row::of(name, role, 1, samples.into())
        };
        place.rows = rows.iter().map(row).collect();
    }
    answer.places.retain(|place| !place.rows.is_empty());
    Figure::of(&answer, 2).finding
}

#[test]
fn a_finding_tells_wins_losses_and_noise_alike() {
    let ours = ("ours", Role::Ours, 100.0);
    let (slow, fast) = (("rayon", Role::Peer, 147.0), ("blocking", Role::Peer, 50.0));
    let floor = ("floor: a socket", Role::Floor, 40.0);
    assert_eq!(
        finding([&[ours, slow, floor], &[]]),
        "Ours is 1.5 times faster than the next best, rayon; the floor (a socket) takes 0.40 of ours."
    );
    assert_eq!(finding([&[ours, slow, fast], &[]]), "blocking is 2.0 times faster than ours.");
    assert_eq!(
        finding([&[ours, ("rayon", Role::Peer, 100.0)], &[]]),
        "No difference beyond the noise between ours and rayon."
    );
    assert_eq!(
        finding([&[ours, slow], &[ours, slow, fast]]),
        "Ours is 1.5 times faster than rayon at 1 of 2 points; blocking is 2.0 times faster at “at <2> & beyond”."
    );
    assert_eq!(finding([&[ours, floor], &[]]), "Ours needs 2.5 times its floor.");
    assert_eq!(finding([&[floor], &[]]), "a socket takes 40.0 ns.");
}

#[test]
fn what_is_lost_is_listed_and_counted() {
    let mut answer = made_up::unknown(Plot::Bars, &NAMES, 5);
    for row in answer.places.iter_mut().flat_map(|place| &mut place.rows) {
        let value = if row.name == "peer" { 50.0 } else { 100.0 };
        row.values.iter_mut().for_each(|own| *own = value);
    }
    let results = made_up::results(vec![answer]);
    let summary = super::Summary::of(&results);
    assert_eq!((summary.count.won, summary.count.level, summary.count.lost), (0, 4, 4));
    assert_eq!(summary.worst_losses().iter().map(|(_, lost, all)| (*lost, *all)).collect::<Vec<_>>(), [(4, 8)]);
    for document in documents(&results).iter().take(2) {
        assert!(document.text.contains("4 of 8 rows; at worst peer, "), "{}", document.name);
        assert_eq!(document.text.matches("2.00× (2.00 to 2.00)").count(), 4, "{}", document.name);
    }
}
