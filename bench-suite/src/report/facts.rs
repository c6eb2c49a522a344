//! What a reader has to know of the run, in words that every document uses.

use jiff::Timestamp;

use crate::effort::Effort;
use crate::results::{Machine, Results, Run};
use crate::table::grouped;

/// What a page is called.
pub(crate) const TITLE: &str = "concurrent-futures: what it costs, and beside whom";

/// Beneath the tables of the first screen.
pub(crate) const HOW_TO_READ: &str = "So many times as long as ours it takes: the median over all rounds at all points of the question, with quartiles. ▲ ours is \
     faster at some points and slower at none, ▼ the reverse, ± faster at some and slower at others, ≈ no difference beyond the \
     noise at any.";

/// The facts on the machine and the run, each with its name.
pub(crate) fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let Results { run, machine, .. } = results;
    vec![
        ("processor", machine.processor.clone()),
        ("cores", format!("{}, as this process may use them", machine.cores)),
        ("memory", format!("{:.1} GiB", machine.memory as f64 / f64::from(1 << 30))),
        ("kernel", machine.kernel.clone()),
        ("compiler", machine.rustc.clone()),
        ("Python", pythons(machine)),
        ("commit", commit(run)),
        ("began", time(run.began)),
        ("took", span(run.seconds)),
        ("rounds", rounds(run)),
        ("load average", format!("{:.2} before, {:.2} after", run.load[0], run.load[1])),
        ("command", command(run)),
    ]
}

/// The command that measures the same again.
pub(crate) fn command(run: &Run) -> String {
    let mut command = "cargo run --release -p concurrent-futures-bench-suite".to_owned();
    if run.peers {
        command += " --features peers";
    }
    if run.arguments.is_empty() { command } else { command + " -- " + &run.arguments.join(" ") }
}

/// What is wrong with the run as a whole, if anything is.
pub(crate) fn warnings(run: &Run) -> Vec<&'static str> {
    let mut warnings = Vec::new();
    if run.effort == Effort::Trial {
        warnings.push("This was a trial run, to see whether everything runs: the figures mean nothing.");
    }
    if run.dirty {
        warnings.push("Files differed from the commit: what was measured can't be had again exactly.");
    }
    if !run.peers {
        warnings.push("The peers were not built: there is nobody to compare with.");
    }
    warnings
}

/// What makes the figures unfair, in either direction.
pub(crate) const BIAS: [&str; 6] = [
    "The authors of one contestant wrote the workloads and chose the questions. Each peer is used by the best recipe that we know; \
     who knows a better one is asked to send it.",
    "The machine may be shared: it drifts by more than most pools differ. So ratios are taken within a round, in which everybody \
     runs once, and what disturbs all alike cancels out. What disturbs one alone does not.",
    "A quartile is no confidence interval. Where a text says “beyond the noise”, the better one was better in at least three \
     quarters of the rounds.",
    "Python's rows measure its language too: the same work is written in Python. Where both only hand data on, the language \
     counts little; where they compute, it counts most.",
    "A round trip measures a closed loop: who is slow is asked less often. Its tail is shorter than what users see that arrive \
     no matter what.",
    "Floors are what plain code or the kernel needs for a part of the same. A floor of one thread can be beaten by a pool of \
     several.",
];

/// What nobody has measured here.
pub(crate) fn unmeasured(machine: &Machine) -> Vec<String> {
    vec![
        format!(
            "More than {} cores. How anything scales beyond is a fit, drawn dashed, and not a measurement.",
            grouped(machine.cores as f64)
        ),
        "Several sockets, and memory that is near to one core and far from another.".into(),
        "Other processors, kernels and systems: the process pool runs on Linux only.".into(),
        "A loaded machine: everybody was measured alone.".into(),
        "Asynchronous tasks that wait for the network, which are another trade: a pool runs what computes or blocks."
            .into(),
    ]
}

/// How it was measured, whatever the question.
pub(crate) const METHOD: [&str; 6] = [
    "Every contestant runs in a process of its own, which is started anew for each point, so that neither memory nor threads leak \
     from one to the next. Its answer is checked in every run.",
    "What a contestant frees in one round its allocator keeps for the next (`MALLOC_TRIM_THRESHOLD_`): otherwise each round \
     would measure how it is fetched from the system again. In questions about processes only, the allocator is as it comes.",
    "In a round each contestant runs once, and each round begins with another one. The first rounds are thrown away.",
    "A figure is the median over the rounds, with its quartiles. A ratio is taken within each round; shown is the median of those \
     ratios, with their quartiles.",
    "“×” is how many times ours something takes: more than 1 is in our favour. Ours is the first row of each table, as it is \
     without any option.",
    "“Pinned” means that everybody keeps to one core. Waking an idle core takes 5 to 60 µs, as the machine likes; pinned, nobody \
     has to.",
];

fn pythons(machine: &Machine) -> String {
    if machine.pythons.is_empty() { "none found".into() } else { machine.pythons.join("; ") }
}

fn commit(run: &Run) -> String {
    match (run.commit.as_str(), run.dirty) {
        ("", _) => "unknown".into(),
        (commit, true) => format!("{commit}, with changes"),
        (commit, false) => commit.to_owned(),
    }
}

fn rounds(run: &Run) -> String {
    let effort = match run.effort {
        Effort::Trial => "a trial",
        Effort::Brief => "a brief run",
        Effort::Full => "a full run",
    };
    format!("{} ({effort})", run.rounds)
}

fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "unknown".into(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn span(seconds: f64) -> String {
    if seconds < 120.0 { format!("{seconds:.0} s") } else { format!("{:.0} minutes", seconds / 60.0) }
}
