//! What is said of a question by its name. One that isn't here is spoken of in general words.

/// The words for one question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// What heads a column: `round trip`.
    pub(crate) short: &'static str,
    /// What ours does faster: `brings one task there and back`.
    pub(crate) verb: &'static str,
    /// What is done so and so many times per second, where that is the question.
    pub(crate) per_second: Option<&'static str>,
}

const fn words(short: &'static str, verb: &'static str) -> Words {
    Words { short, verb, per_second: None }
}

const fn rate(short: &'static str, verb: &'static str, things: &'static str) -> Words {
    Words { short, verb, per_second: Some(things) }
}

/// The words for a question, if it has any of its own.
pub(crate) fn of(id: &str) -> Option<Words> {
    Some(match id {
        "cpu_scaling" => words("CPU work", "computes"),
        "sleep_removal" => words("sleep removed", "gets through the tasks"),
        "worker_reuse" => words("start and reuse", "starts and runs the tasks"),
        "thread_round_trip" | "process_round_trip" => words("round trip", "brings one result back"),
        "thread_throughput" | "process_throughput" => rate("tiny tasks", "runs tiny tasks", "tasks"),
        "thread_map" | "process_map" => words("map", "maps"),
        "thread_gather" => words("gather", "gathers"),
        "process_payload" => words("large data", "carries large data"),
        "process_start" | "thread_start" => words("start", "starts"),
        "process_recovery" => words("recovery", "recovers"),
        "thread_map_chunks" | "process_map_chunks" => words("map by chunk", "maps"),
        "thread_open_loop" | "process_open_loop" => words("open loop", "answers"),
        "process_submitters" => rate("submitters", "runs tiny tasks", "tasks"),
        "growth_tasks" => words("many tasks", "runs tiny tasks"),
        "growth_workers" => words("many workers", "runs tiny tasks"),
        "pending_memory" => words("memory of what waits", "waits"),
        "idle" => words("idleness", "idles"),
        "keep_alive" => words("keep-alive", "brings one result back"),
        "distinct_workers" => words("distinct workers", "uses workers"),
        "floors" => words("floors", "works"),
        "submit_cost" => words("submit", "submits"),
        _ => return None,
    })
}

/// What heads the column of a question.
pub(crate) fn short(id: &str) -> String {
    of(id).map_or_else(|| id.replace('_', " "), |words| words.short.to_owned())
}

/// What it is called where the columns don't say which pool is meant.
pub(crate) fn named(id: &str) -> String {
    let side = [("thread_", ", threads"), ("process_", ", processes")];
    let side = side.iter().find(|(beginning, _)| id.starts_with(beginning) && of(id).is_some());
    short(id) + side.map_or("", |(_, side)| side)
}

/// The questions of the first screen, by side; those that a run doesn't have are left out.
pub(crate) const HEADLINES: [(Side, &[&str]); 2] = [
    (Side::Threads, &["thread_round_trip", "thread_throughput", "thread_map", "cpu_scaling"]),
    (Side::Processes, &["process_round_trip", "process_throughput", "process_map", "process_payload", "cpu_scaling"]),
];

/// Which of the two pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The thread pool and who competes with it.
    Threads,
    /// The process pool and who competes with it.
    Processes,
}

/// What rows with such names are recipes of: a beginning, what the reader knows it as, and where it competes.
const FAMILIES: [(&str, &str, Side); 14] = [
    ("ThreadPoolExecutor", "CPython ThreadPoolExecutor", Side::Threads),
    ("ProcessPoolExecutor", "CPython ProcessPoolExecutor", Side::Processes),
    ("multiprocessing", "CPython multiprocessing.Pool", Side::Processes),
    ("Pool.", "CPython multiprocessing.Pool", Side::Processes),
    ("loky", "loky", Side::Processes),
    ("pebble", "pebble", Side::Processes),
    ("procspawn", "procspawn", Side::Processes),
    ("rayon", "rayon", Side::Threads),
    ("tokio, async", "tokio spawn", Side::Threads),
    ("tokio", "tokio spawn_blocking", Side::Threads),
    ("threadpool", "threadpool", Side::Threads),
    ("blocking", "blocking", Side::Threads),
    ("rusty_pool", "rusty_pool", Side::Threads),
    ("static split", "static split, std::thread", Side::Threads),
];

/// What the reader knows the contestant of this name as, and on which side it competes, if that is known.
pub(crate) fn family(name: &str) -> (String, Option<Side>) {
    let found = FAMILIES.iter().find(|(beginning, ..)| name.starts_with(beginning));
    found.map_or_else(|| (name.to_owned(), None), |(_, family, side)| ((*family).to_owned(), Some(*side)))
}
