//! The pages that rustdoc makes of the published crates are a book in which every link leads somewhere: to a page that is
//! there, and to a place on it.
//!
//! What rustdoc resolves itself it checks itself; a path that it takes for an address, and a place behind a `#`, it doesn't.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// `scripts/check docs` makes the pages, and then runs this.
#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("doc");
    let pages = Pages::read(&root);
    for page in ["index.html", "struct.Future.html"] {
        let page = format!("concurrent_futures/{page}");
        assert!(pages.0.contains_key(Path::new(&page)), "{page} has not been made in {}", root.display());
    }
    let complaints = pages.complaints();
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// The pages by their paths.
struct Pages(BTreeMap<PathBuf, Page>);

/// What a page names, and what may be named of it.
#[derive(Default)]
struct Page {
    links: BTreeSet<String>,
    anchors: BTreeSet<String>,
    /// Where it sends its reader on to, with the place.
    moved_to: Option<String>,
}

impl Pages {
    /// All under a directory.
    fn read(root: &Path) -> Self {
        let paths =
            walkdir::WalkDir::new(root).into_iter().map(|entry| entry.expect("the pages can be listed").into_path());
        let pages = paths.filter(|path| path.extension().is_some_and(|extension| extension == "html"));
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.strip_prefix(root).expect("it lies there").to_owned(), Page::parse(&text))
        };
        Self(pages.map(read).collect())
    }

    /// A line for each link of a crate's pages that leads nowhere.
    fn complaints(&self) -> String {
        let mut complaints = String::new();
        for (path, page) in self.0.iter().filter(|(path, _)| is_ours(path)) {
            for link in page.links.iter().filter(|link| !self.has(path, link)) {
                let _ = writeln!(complaints, "{}: the link `{link}` leads nowhere", path.display());
            }
        }
        complaints
    }

    fn has(&self, page: &Path, link: &str) -> bool {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let named = if path.is_empty() { page.to_owned() } else { resolve(page, path) };
        let Some(there) = self.0.get(&named) else { return false };
        let moved = there.moved_to.as_ref().map(|link| self.0.get(&resolve(&named, link)));
        // A place in a source is a line, or lines, which a script shows.
        let has_anchor = |page: &Page| anchor.is_empty() || named.starts_with("src") || page.anchors.contains(anchor);
        moved.unwrap_or(Some(there)).is_some_and(has_anchor)
    }
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true); // what stands in a script is no link
        for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
            let Token::StartTag(tag) = token else { continue };
            let attribute = |name: &[u8]| Some(String::from_utf8_lossy(tag.attributes.get(name)?).into_owned());
            page.anchors.extend(attribute(b"id"));
            if **tag.name == *b"a" {
                page.links.extend(attribute(b"href").filter(|link| is_relative(link)));
            } else if attribute(b"http-equiv").as_deref() == Some("refresh") {
                page.moved_to = attribute(b"content").and_then(|text| Some(text.split_once("URL=")?.1.to_owned()));
            }
        }
        page
    }
}

/// Whether a page belongs to a crate: sources, and what lies at the root, are rustdoc's own.
fn is_ours(page: &Path) -> bool {
    page.components().count() > 1 && !page.starts_with("src")
}

fn is_relative(link: &str) -> bool {
    // Of the crate tracing, whose blanket implementations are on the page of every type.
    const FOREIGN: [&str; 4] =
        ["crate::Span", "super::Span::current()", "super::Subscriber", "dispatcher#setting-the-default-subscriber"];
    !FOREIGN.contains(&link) && !["https:", "http:", "mailto:"].iter().any(|scheme| link.starts_with(scheme))
}

/// Where a link leads from a page, by names alone.
fn resolve(page: &Path, link: &str) -> PathBuf {
    let mut target = page.parent().expect("a page lies in a directory").to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                target.pop();
            }
            Component::Normal(name) => target.push(name),
            _ => {}
        }
    }
    target
}

fn complaints_about(pages: &[(&str, &str)]) -> Vec<String> {
    let pages = pages.iter().map(|(path, text)| (PathBuf::from(path), Page::parse(text))).collect();
    Pages(pages).complaints().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_there_is_not_complained_about() {
    let index = "<h2 id=here>a</h2> <a href='#here'>b</a> <a href=\"guide/index.html#there\">c</a> <a href=https://example.org>d</a>\
                 <a href=\"../src/lib.rs.html#3-5\">e</a><a href=old.html#there>h</a><!-- <a href=nowhere> --><script>'<a href=nowhere>'</script><link href=style.css>";
    let pages = [
        ("concurrent_futures/index.html", index),
        ("concurrent_futures/guide/index.html", "<p id=there> <a href=../index.html#here>f</a>"),
        ("concurrent_futures/old.html", "<meta http-equiv=refresh content='0;URL=guide/index.html'>"),
        ("src/lib.rs.html", "<a href=nowhere>g</a>"),
    ];
    assert_eq!(complaints_about(&pages), Vec::<String>::new());
}

#[test]
fn a_link_that_leads_nowhere_is_complained_about() {
    for bad in [
        "README.md",
        "../docs/semantics.md",
        "#nowhere",
        "guide/index.html#nowhere",
        "../concurrent_futures",
        "old.html",
        "moved.html#nowhere",
    ] {
        let index = format!("<a title=x href=\"{bad}\">a</a>");
        let pages = [
            ("concurrent_futures/index.html", index.as_str()),
            ("concurrent_futures/guide/index.html", ""),
            ("concurrent_futures/old.html", "<meta http-equiv=refresh content='0;URL=nowhere.html'>"),
            ("concurrent_futures/moved.html", "<meta http-equiv=refresh content='0;URL=guide/index.html'>"),
        ];
        assert_eq!(
            complaints_about(&pages),
            [format!("concurrent_futures/index.html: the link `{bad}` leads nowhere")]
        );
    }
}
