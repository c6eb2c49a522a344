//! What is there is named, and what is named is there: examples in `scripts/check`, dependencies and documents in their lists,
//! tests at the promises, programs in the text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of a folder, as paths relative to the workspace.
fn entries(folder: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut found: Vec<_> = listed.map(|entry| Path::new(folder).join(entry.expect("an entry").file_name())).collect();
    found.sort();
    found
}

/// All that is in `wanted` and not in `there`.
fn missing<'a>(wanted: impl IntoIterator<Item = &'a String>, there: &BTreeSet<String>) -> Vec<&'a String> {
    wanted.into_iter().filter(|name| !there.contains(*name)).collect()
}

fn name_of(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

/// The examples that a script runs, by cargo or by the programs that it has built, in lines that are no comments.
fn examples_run_by(script: &str) -> BTreeSet<String> {
    let commands = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let runs = commands.flat_map(|line| ["--example ", "\"$bin/examples/"].map(|begin| line.split(begin).skip(1)));
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    runs.flatten().map(|rest| rest.chars().take_while(|letter| is_name(*letter)).collect()).collect()
}

/// Single files, and folders with a `main.rs`.
fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs") || root().join(path).join("main.rs").exists()
}

#[test]
fn every_example_is_run_by_scripts_check() {
    let all = ["examples", "bench-suite/examples"].iter().flat_map(|folder| entries(folder));
    let there: Vec<String> = all.filter(|path| is_program(path)).map(|path| name_of(&path)).collect();
    assert!(there.contains(&"tour".to_owned()), "the walk has lost its way: {there:?}");
    let run: BTreeSet<String> =
        ["scripts/check", "scripts/check-examples"].iter().flat_map(|script| examples_run_by(&read(script))).collect();
    assert!(missing(&there, &run).is_empty(), "not run by scripts/check: {:?}", missing(&there, &run));
    let stale: Vec<_> = run.iter().filter(|name| !there.contains(name)).collect();
    assert!(stale.is_empty(), "scripts/check runs what isn't there: {stale:?}");
}

#[test]
fn an_example_in_a_comment_is_not_run() {
    assert!(examples_run_by("# cargo run --example one\n  echo\n").is_empty());
    let script = "cargo run --example one -- x\n  expect 0 \"$bin/examples/two\" --y >\"$scratch/two\"\n";
    assert_eq!(examples_run_by(script).into_iter().collect::<Vec<_>>(), ["one", "two"]);
}

/// The functions of `scripts/check`, and the names in its lists of steps.
fn steps_of(script: &str) -> BTreeSet<String> {
    let lists = script.lines().filter(|line| line.contains("steps=(") || line.contains("steps+=("));
    let names = lists
        .filter_map(|line| line.rsplit_once('(')?.1.split_once(')'))
        .flat_map(|(names, _)| names.split_whitespace());
    names.filter(|name| !name.contains('$')).map(str::to_owned).collect()
}

#[test]
fn every_step_of_scripts_check_is_a_function_and_is_explained() {
    let (script, text) = (read("scripts/check"), read("CONTRIBUTING.md"));
    let steps = steps_of(&script);
    assert!(steps.contains("lint"), "the steps are not found: {steps:?}");
    for step in &steps {
        assert!(script.lines().any(|line| line.starts_with(&format!("{step}() {{"))), "no function `{step}`");
        assert!(text.contains(&format!("`{step}`")), "CONTRIBUTING.md says nothing of the step `{step}`");
    }
}

/// The dependencies of a manifest, of any kind, but for the crates of this workspace.
fn dependencies_of(manifest: &str) -> BTreeSet<String> {
    let mut is_list = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            is_list = section.trim_end_matches(']').ends_with("dependencies") && !section.starts_with("workspace");
        } else if is_list && let Some((key, _)) = line.split_once('=') {
            let name = key.trim().split('.').next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') && !name.starts_with("concurrent-futures") {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// All files of the workspace for which `is_wanted`, as paths relative to it.
fn files(folder: &Path, is_wanted: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in entries(&folder.to_string_lossy()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if root().join(&path).is_dir() {
            if !name.starts_with('.') && name != "target" {
                found.extend(files(&path, is_wanted));
            }
        } else if is_wanted(&path) {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found
}

fn manifests() -> Vec<String> {
    let found = files(Path::new(""), &|path| path.ends_with("Cargo.toml"));
    assert!(found.contains(&"core/conformance/Cargo.toml".to_owned()), "the walk has lost its way: {found:?}");
    found
}

fn published_manifests() -> Vec<String> {
    manifests().into_iter().filter(|manifest| !read(manifest).contains("publish = false")).collect()
}

/// The names in the first cells of the tables of one part of a text, which begins with a heading.
fn first_cells(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    rows.flat_map(|(cell, _)| cell.split(", ")).map(str::to_owned).collect()
}

#[test]
fn every_dependency_has_a_reason_and_a_state() {
    let text = read("docs/dependencies.md");
    let (reasons, rest) = text.split_once("## State of maintenance").expect("the part about maintenance");
    let states = rest.split_once("\n## ").map_or(rest, |(part, _)| part);
    let used: BTreeSet<String> = manifests().iter().flat_map(|manifest| dependencies_of(&read(manifest))).collect();
    assert!(used.contains("serde") && used.contains("loom"), "the manifests are not read: {used:?}");
    for (what, rows) in [("reason", first_cells(reasons)), ("state", first_cells(states))] {
        assert!(missing(&used, &rows).is_empty(), "without a row about its {what}: {:?}", missing(&used, &rows));
        let stale: Vec<_> = rows.iter().filter(|name| *name != "crate" && !used.contains(*name)).collect();
        assert!(stale.is_empty(), "a row about the {what} of what nobody uses: {stale:?}");
    }
}

#[test]
fn dependencies_of_every_kind_are_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = \"1\"\nconcurrent-futures-core = \"0\"\n\
                    [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dev-dependencies]\nd = { version = \"1\" }\n[lints]\nworkspace = true\n\
                    [workspace.dependencies]\ne = \"1\"\n";
    assert_eq!(dependencies_of(manifest).into_iter().collect::<Vec<_>>(), ["a", "c", "d"]);
}

/// Everything of a folder of documents stands in its index.
fn assert_indexed(folder: &str) {
    let index = read(&format!("{folder}/README.md"));
    for path in entries(folder) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let is_folder = root().join(&path).is_dir();
        if name != "README.md" && (is_folder || name.ends_with(".md")) {
            assert!(index.contains(&format!("]({name}")), "{folder}/README.md says nothing of {name}");
        }
    }
}

#[test]
fn every_document_and_every_decision_is_in_its_index() {
    assert_indexed("docs");
    assert_indexed("docs/decisions");
}

#[test]
fn every_published_crate_has_a_readme_that_points_up_a_history_and_both_licences() {
    for manifest in published_manifests() {
        let folder = manifest.trim_end_matches("Cargo.toml");
        let readme = read(&format!("{folder}README.md"));
        assert!(
            folder.is_empty() || readme.contains("](../README.md)") || readme.contains("](../../README.md)"),
            "{folder}README.md"
        );
        for file in ["CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(!read(&format!("{folder}{file}")).is_empty(), "{folder}{file}");
        }
        assert!(
            read("README.md").contains(&format!("]({folder}CHANGELOG.md)")),
            "README.md says nothing of {folder}CHANGELOG.md"
        );
    }
}

#[test]
fn scripts_check_knows_every_published_crate() {
    let script = read("scripts/check");
    let published = script.split_once("published=(").and_then(|(_, rest)| rest.split_once(')')).expect("the list").0;
    let known: BTreeSet<&str> = published.split_whitespace().collect();
    let text: Vec<String> = published_manifests().iter().map(|manifest| read(manifest)).collect();
    let names = text.iter().filter_map(|text| text.split_once("\nname = \"")?.1.split_once('"'));
    let there: BTreeSet<&str> = names.map(|(name, _)| name).collect();
    assert_eq!(known, there);
}

#[test]
fn the_oldest_compiler_is_the_one_that_the_readme_names() {
    let manifest = read("Cargo.toml");
    let version =
        manifest.split_once("rust-version = \"").and_then(|(_, rest)| rest.split_once('"')).expect("a version").0;
    assert!(read("README.md").contains(&format!("| Rust | {version} or later")), "rust-version is {version}");
}

/// The paths of documents that a source file names, in a comment mostly.
fn documents_named_in(text: &str) -> Vec<&str> {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "-_/.".contains(letter);
    let rests = text.match_indices("docs/").map(|(at, _)| &text[at..]);
    let paths = rests.map(|rest| &rest[..rest.find(|letter| !is_path(letter)).unwrap_or(rest.len())]);
    paths.filter(|path| path.ends_with(".md")).collect()
}

#[test]
fn every_document_that_a_source_names_exists() {
    let is_source = |path: &Path| {
        path.extension().is_some_and(|extension| extension == "rs" || extension == "toml")
            || path.starts_with("scripts")
    };
    let mut named = 0;
    for file in files(Path::new(""), &is_source) {
        for path in documents_named_in(&read(&file)) {
            named += 1;
            assert!(root().join(path).exists(), "{file} names {path}");
        }
    }
    assert!(named > 5, "nobody names any");
}

/// The entries of the list under a heading: each begins with `- **`.
fn bullets<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let part = text.split_once(heading).map_or("", |(_, rest)| rest);
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    part.split("\n- **").skip(1).map(|entry| entry.split("\n\n").next().unwrap_or(entry)).collect()
}

/// The rows of the tables under a heading that begin with a number.
fn numbered_rows<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let part = text.split_once(heading).map_or("", |(_, rest)| rest);
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    part.lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|letter: char| letter.is_ascii_digit()))
        .collect()
}

/// That the test exists is held by `tests/docs.rs`.
#[test]
fn every_guarantee_names_a_test() {
    let (readme, failures, duties) =
        (read("README.md"), read("docs/failure-model.md"), read("docs/writing-an-executor.md"));
    let lists = [
        bullets(&readme, "\n## What is guaranteed"),
        numbered_rows(&failures, "\n## The promises"),
        numbered_rows(&duties, "\n## The duties"),
    ];
    for list in lists {
        assert!(list.len() > 5, "the list is not found: {list:?}");
        for entry in list {
            assert!(entry.contains(".rs::"), "no test is named: {entry}");
        }
    }
}

#[test]
fn the_programs_before_are_the_examples_that_are_run() {
    let text = read("docs/migrating.md");
    let shown: BTreeSet<&str> =
        text.split("```rs\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let examples: Vec<String> =
        entries("bench-suite/examples").iter().map(|path| read(&path.to_string_lossy())).collect();
    let programs: BTreeSet<&str> = examples.iter().filter_map(|text| Some(text.split_once("\n\n")?.1)).collect();
    assert!(!programs.is_empty());
    assert_eq!(shown, programs);
}
