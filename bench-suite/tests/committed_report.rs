//! What `docs/performance` shows is what its `results.json` says.

use std::fs;
use std::path::{Path, PathBuf};

use concurrent_futures_bench_suite::{Results, report};

/// Either there is no report at all, or all of it is there and belongs together.
#[test]
fn the_committed_report_is_what_its_results_render_to() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance");
    if !directory.exists() {
        return;
    }
    let differences = differences(&directory);
    assert!(
        differences.is_empty(),
        "docs/performance is not what its results.json renders to; \
         `cargo run -p concurrent-futures-bench-suite -- report docs/performance/results.json` mends it:\n{}",
        differences.join("\n")
    );
}

#[test]
fn a_changed_a_missing_and_a_stale_file_are_found() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("report");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    assert!(differences(&directory)[0].contains("results.json"), "a directory without results");

    let results = include_str!("one_question.json");
    fs::write(directory.join("results.json"), results).unwrap();
    report::write(&Results::load(&directory.join("results.json")).unwrap(), &directory).unwrap();
    assert_eq!(differences(&directory), [""; 0]);

    fs::copy(directory.join("thread_round_trip.svg"), directory.join("stale.svg")).unwrap();
    fs::remove_file(directory.join("index.html")).unwrap();
    fs::write(directory.join("performance.md"), "hand-made").unwrap();
    let found = differences(&directory).join("\n");
    assert!(["stale.svg", "index.html", "performance.md"].iter().all(|name| found.contains(name)), "{found}");

    report::write(&Results::load(&directory.join("results.json")).unwrap(), &directory).unwrap();
    assert_eq!(differences(&directory), [""; 0], "writing again mends it all");
}

/// What is wrong with a directory, a line for each file.
fn differences(directory: &Path) -> Vec<String> {
    let results = match Results::load(&directory.join("results.json")) {
        Ok(results) => results,
        Err(error) => return vec![error.to_string()],
    };
    let documents = report::documents(&results);
    let mut differences: Vec<String> = documents
        .iter()
        .filter_map(|document| match fs::read_to_string(directory.join(&document.name)) {
            Ok(text) if text == document.text => None,
            Ok(_) => Some(format!("{}: it differs", document.name)),
            Err(error) => Some(format!("{}: {error}", document.name)),
        })
        .collect();
    for name in report::plots(directory).expect("the directory can be read") {
        if !documents.iter().any(|document| document.name == name) {
            differences.push(format!("{name}: no answer has it"));
        }
    }
    differences
}
