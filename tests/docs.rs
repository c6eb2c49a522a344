//! What the documentation points at exists: every relative link, every heading behind a `#`, every file that is named as
//! `` `path/to/file.rs` ``, and every test that is named as `` `path/to/file.rs::name` ``.
//!
//! A test is a function under `#[test]`, a promise of the conformance crate, which makes tests of all its promises, or a
//! case of a program with a `main` of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the promises are that a macro turns into tests.
const PROMISES: &str = "core/conformance/src/promises/";

#[test]
fn every_link_leads_somewhere_and_every_named_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = documents(root);
    assert!(documents.contains(&root.join("README.md")), "the walk has lost its way: {documents:?}");
    let mut complaints = String::new();
    for document in documents {
        for complaint in complaints_about(root, &document, &read(&document)) {
            let _ = writeln!(complaints, "{}: {complaint}", document.strip_prefix(root).unwrap_or(&document).display());
        }
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// All Markdown files of the workspace.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the workspace can be listed") {
        let path = entry.expect("a folder of the workspace can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with `text`, which stands in `document`.
fn complaints_about(root: &Path, document: &Path, text: &str) -> Vec<String> {
    let prose = without_fences(text);
    let broken = links(&prose).into_iter().filter_map(|link| why_broken(document, text, link));
    let undefined = undefined_labels(&prose).map(|label| format!("the link `[{label}]` is defined nowhere"));
    let lost = named_files(&prose).filter_map(|file| why_no_file(root, file));
    let missing = named_tests(&prose).filter_map(|(file, name)| why_no_test(root, file, name));
    broken.chain(undefined).chain(lost).chain(missing).collect()
}

/// The text without its blocks of code.
fn without_fences(text: &str) -> String {
    let mut in_block = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// What the README promises of its two programs.
#[test]
fn on_threads_and_on_processes_it_is_the_same_program_but_for_one_line() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let programs: Vec<&str> =
        text.split("```rust\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let [threads, processes, ..] = programs[..] else { panic!("two programs: {programs:?}") };
    assert_eq!(threads.replace("ThreadPool", "ProcessPool"), processes);
    assert_eq!(threads.lines().zip(processes.lines()).filter(|(one, other)| one != other).count(), 1);
}

/// The targets of `[text](target)` and of `[label]: target` that lie in the workspace.
fn links(prose: &str) -> Vec<&str> {
    let inline = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    let is_ours = |target: &&str| !["https://", "http://", "mailto:"].iter().any(|begin| target.starts_with(begin));
    inline.chain(definitions(prose).map(|(_, target)| target)).filter(is_ours).collect()
}

/// Label and target of every line `[label]: target`.
fn definitions(prose: &str) -> impl Iterator<Item = (&str, &str)> {
    prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

/// The labels of `[text][label]` that no line defines.
fn undefined_labels(prose: &str) -> impl Iterator<Item = &str> {
    let labels = prose.split("][").skip(1).filter_map(|rest| Some(rest.split_once(']')?.0));
    labels.filter(move |label| definitions(prose).all(|(defined, _)| defined != *label))
}

fn why_broken(document: &Path, text: &str, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = document.parent()?.join(path);
    if !path.is_empty() && !target.exists() {
        return Some(format!("the link `{link}` leads nowhere"));
    }
    let anchor = anchor?;
    let text = if path.is_empty() { text.to_owned() } else { read(&target) };
    (!headings(&text).iter().any(|heading| heading == anchor)).then(|| format!("the link `{link}` names no heading"))
}

/// What links may name: the headings, in lower case, with hyphens for spaces and nothing else but letters, digits and `_`;
/// and anchors that were set by hand.
fn headings(text: &str) -> Vec<String> {
    let is_kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let name = |heading: &str| heading.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-");
    let prose = without_fences(text);
    let anchors = text.lines().filter_map(|line| Some(line.strip_prefix("<a id=\"")?.split_once('"')?.0.to_owned()));
    prose
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| name(line.trim_start_matches('#').trim()))
        .chain(anchors)
        .collect()
}

/// What stands between backticks, in one line.
fn spans(prose: &str) -> impl Iterator<Item = &str> {
    prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The path of every `` `path/to/file.rs` ``.
fn named_files(prose: &str) -> impl Iterator<Item = &str> {
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || "-_/.".contains(letter);
    spans(prose).filter(move |span| span.contains('/') && span.ends_with(".rs") && span.chars().all(is_path))
}

/// The file and the name of every `` `file.rs::name` ``.
fn named_tests(prose: &str) -> impl Iterator<Item = (&str, &str)> {
    spans(prose).filter(|span| span.contains(".rs::")).filter_map(|span| span.split_once("::"))
}

/// A file is named from the root of the workspace, or from that of a crate. A path that begins in no folder of the root is
/// named from elsewhere, as the document says.
fn why_no_file(root: &Path, file: &str) -> Option<String> {
    const CRATES: [&str; 6] = ["", "core", "core/conformance", "thread-pool", "process-pool", "bench-suite"];
    let is_ours = root.join(file.split('/').next()?).is_dir();
    let is_there = CRATES.iter().any(|folder| root.join(folder).join(file).exists());
    (is_ours && !is_there).then(|| format!("the file `{file}` does not exist"))
}

fn why_no_test(root: &Path, file: &str, name: &str) -> Option<String> {
    let Ok(source) = fs::read_to_string(root.join(file)) else {
        return Some(format!("the test `{file}::{name}` is in no file"));
    };
    let is_there = file.starts_with(PROMISES) && has_function(&source, &format!("pub fn {name}<"))
        || has_test(&source, name)
        || has_case(&source, name);
    (!is_there).then(|| format!("the test `{file}::{name}` does not exist"))
}

fn has_function(source: &str, head: &str) -> bool {
    source.lines().any(|line| line.trim_start().starts_with(head))
}

/// Whether a function has this name and is marked as a test.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let is_marked = |at: usize| {
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.into_iter().any(|line| *line == "#[test]")
    };
    (0..lines.len()).any(|at| lines[at].starts_with(&head) && is_marked(at))
}

/// Whether a program tells of a test of this name: from a list of names with functions, or by itself.
fn has_case(source: &str, name: &str) -> bool {
    let is_program = source.lines().any(|line| line == "fn main() -> ExitCode {");
    is_program && [format!("(\"{name}\", "), format!("test {name} ... ")].iter().any(|words| source.contains(words))
}

/// What is said of a document at the root that consists of `text`.
fn complaints_at_the_root(text: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    complaints_about(root, &root.join("README.md"), text)
}

#[test]
fn what_is_there_is_not_complained_about() {
    let text = "# A heading, and `code`\n<a id=\"by_hand\"></a>\n[e](#by_hand) [a](README.md) [b](core/) [c](https://example.org/x) [d](#a-heading-and-code)\n\
                [f][g h]\n[g h]: docs/README.md\n`tests/docs.rs` `tests/*.rs` `elsewhere/file.rs`\n\
                `tests/docs.rs::what_is_there_is_not_complained_about`\n\
                `core/conformance/src/promises/submit.rs::unit_is_a_value`\n\
                `process-pool/tests/every_future_ends/main.rs::every_future_ends`\n```text\n[x](nowhere)\n```\n";
    assert_eq!(complaints_at_the_root(text), Vec::<String>::new());
}

#[test]
fn a_link_that_leads_nowhere_is_complained_about() {
    let inline =
        ["[a](no/such/file.md)", "[a](README.md), [b](nowhere)", "[a](#no-such-heading)", "[a](README.md#none)"];
    let by_label = ["[a][b]", "[a][b]\n[c]: README.md", "[a][b]\n[b]: no/such/file.md", "[b]: README.md#none"];
    for bad in inline.into_iter().chain(by_label).chain(["`tests/no_such_file.rs`"]) {
        assert_eq!(complaints_at_the_root(bad).len(), 1, "{bad}");
    }
}

#[test]
fn a_test_that_does_not_exist_is_complained_about() {
    let no_file = "`no/such/file.rs::a_test`";
    let no_function = "held by `tests/docs.rs::no_such_test`.";
    let part_of_a_name = "`tests/docs.rs::a_test_that_does_not`";
    let no_test = "| a | `tests/docs.rs::documents` |";
    let no_promise = "`core/conformance/src/promises/submit.rs::no_such_promise`";
    let no_case = "`process-pool/tests/every_future_ends/main.rs::every_future`";
    for bad in [no_file, no_function, part_of_a_name, no_test, no_promise, no_case] {
        assert_eq!(complaints_at_the_root(bad).len(), 1, "{bad}");
    }
}
