//! What a plot shows, in a sentence that is computed from its figures: a win, a loss, or that neither is more than noise.

use super::duel::{Duel, Outcome};
use super::plot::Content;
use super::plot::timeline::lanes;
use super::speedup::Speedups;
use super::usl::Usl;
use super::{unit, wording};
use crate::contestant::Role;
use crate::question::Measure;
use crate::results::{Answer, Place, Row};
use crate::sample::Span;
use crate::table;

/// With fewer rounds nothing is known of the noise.
const ROUNDS: usize = 3;

/// Of what a question found altogether.
#[must_use]
pub(crate) fn of(answer: &Answer, contents: &[Content<'_>], cores: usize) -> String {
    let sentences = match contents.first() {
        None => "Nothing was measured.".to_owned(),
        Some(content @ Content::Timeline(_)) => timeline(content),
        Some(Content::Scaling(_)) => {
            let times = comparison(answer, &answer.places.iter().collect::<Vec<_>>());
            format!("{}. {}", scaling(contents, cores), sentence(&times))
        }
        Some(_) if !unit::is_contest(&answer.measure) => numbers(answer, &answer.places.iter().collect::<Vec<_>>()),
        Some(_) => comparison(answer, &answer.places.iter().collect::<Vec<_>>()),
    };
    sentence(&sentences) + few_rounds(answer)
}

/// Of one panel.
#[must_use]
pub(crate) fn of_panel(answer: &Answer, content: &Content<'_>, cores: usize) -> String {
    sentence(&match content {
        // The picture says it all.
        Content::Timeline(_) => return String::new(),
        Content::Scaling(_) => scaling(std::slice::from_ref(content), cores),
        _ if !unit::is_contest(&answer.measure) => numbers(answer, &content.places()),
        _ => comparison(answer, &content.places()),
    })
}

/// What the Universal Scalability Law says of ours, and of the peers, and what it can't.
pub(crate) fn law(places: &[&Place], cores: usize) -> Option<String> {
    let all = Speedups::of(places);
    let fits = |role: Role| {
        let of_role = all.iter().filter(move |speedups| speedups.role == role);
        of_role.filter_map(|speedups| Some((speedups.name.as_str(), speedups.fit(cores)?))).collect::<Vec<_>>()
    };
    let ours = fits(Role::Ours);
    let parameters = ours.iter().map(|(_, law)| law.parameters).max()?;
    if parameters < 2 {
        return Some("One number of workers with a core each says nothing of how anybody scales.".into());
    }
    let of_ours: Vec<String> = ours.iter().map(|(name, law)| format!("{name}: {}", meaning(law))).collect();
    let mut peers = fits(Role::Peer);
    peers.sort_by(|a, b| a.1.sigma.total_cmp(&b.1.sigma));
    let of_peers = match (peers.first(), peers.last()) {
        (Some((best, low)), Some((worst, high))) if best != worst => {
            format!(" Peers: σ from {} ({best}) to {} ({worst}).", percent(low.sigma), percent(high.sigma))
        }
        _ => String::new(),
    };
    let unknown = if parameters == 2 {
        " Two numbers of workers tell one parameter only: κ, what each pair of them costs, is taken for nothing where σ explains \
         the figures, and then the dashed line is an upper bound."
    } else {
        ""
    };
    Some(format!(
        "By the Universal Scalability Law, where σ is the part of the work that is done one after another. {}.{of_peers}{unknown}",
        of_ours.join("; ")
    ))
}

/// What the parameters mean past the cores.
fn meaning(law: &Usl) -> String {
    let sigma = percent(law.sigma);
    match (law.peak(), law.limit()) {
        (Some(peak), Some(limit)) => format!(
            "σ = {sigma} and κ = {:.5}, so more than {peak:.0} would be slower, at {} times one worker",
            law.kappa,
            unit::ratio(limit)
        ),
        (None, Some(limit)) => format!("σ = {sigma}, so at most {} times one worker", unit::ratio(limit)),
        _ => format!("σ = {sigma}, so no end in sight"),
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Ours beside the best peer of each place, and beside the floor.
fn comparison(answer: &Answer, places: &[&Place]) -> String {
    let duels: Vec<Duel<'_>> = places.iter().filter_map(|place| Duel::with_the_best(place)).collect();
    let rate = wording::of(&answer.id).and_then(|words| words.per_second).and_then(|things| per_second(places, things));
    let text = match &duels[..] {
        [] => alone(answer, places),
        [duel] => one(answer, duel),
        duels => several(answer, duels),
    };
    let floor = if duels.is_empty() { String::new() } else { floor(places) };
    format!("{}{text}{floor}", rate.unwrap_or_default())
}

fn one(answer: &Answer, duel: &Duel<'_>) -> String {
    let (ours, peer) = (duel.ours.name.as_str(), duel.peer.name.as_str());
    match duel.outcome() {
        Outcome::Won => better(answer, ours, duel.ratio.median) + &format!(" than the next best, {peer}"),
        Outcome::Lost => better(answer, peer, duel.behind()) + &format!(" than {ours}"),
        Outcome::Level => format!("no difference beyond the noise between {ours} and {peer}"),
    }
}

fn several(answer: &Answer, duels: &[Duel<'_>]) -> String {
    let of = |outcome| duels.iter().filter(move |duel| duel.outcome() == outcome);
    let count = duels.len();
    let (won, level) = (of(Outcome::Won).count(), of(Outcome::Level).count());
    let mut parts = Vec::new();
    if won > 0 {
        let ratios: Vec<f64> = of(Outcome::Won).map(|duel| duel.ratio.median).collect();
        let where_ = if won == count { "everywhere".to_owned() } else { format!("at {won} of {count} points") };
        let rivals = common(of(Outcome::Won).map(|duel| duel.peer.name.as_str()));
        let rivals = rivals.map_or_else(|| "the best peer".to_owned(), str::to_owned);
        parts.push(format!("{} than {rivals} {where_}", range_better(answer, &duels[0].ours.name, &ratios)));
    }
    let lost = of(Outcome::Lost);
    if let Some(worst) = lost.clone().min_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median)) {
        let others = match lost.count() - 1 {
            0 => String::new(),
            1 => ", and 1 more point is lost".into(),
            more => format!(", and {more} more points are lost"),
        };
        let text = better(answer, &worst.peer.name, worst.behind());
        parts.push(format!("{text} at “{}”{others}", worst.place.label));
    }
    if level == count {
        parts.push("no difference beyond the noise between ours and the best peer".into());
    } else if level > 0 {
        parts.push(format!("level within the noise at {level} of {count}"));
    }
    parts.join("; ")
}

/// `ours maps 1.5 times faster`, in the words of the measure.
fn better(answer: &Answer, who: &str, times: f64) -> String {
    range_better(answer, who, &[times])
}

fn range_better(answer: &Answer, who: &str, times: &[f64]) -> String {
    let verb = wording::of(&answer.id).map_or("is", |words| words.verb);
    let parts: Vec<f64> = times.iter().map(|times| times.recip()).collect();
    match &answer.measure {
        Measure::NanosPer(_) => format!("{who} {verb} {} times faster", range(times)),
        Measure::BytesPer(_) => format!("{who} needs {} times as much memory", range(&parts)),
        // Nobody wins by a number, so nobody comes here with one.
        Measure::Count(things) => format!("{who} has {} times as many {things}", range(&parts)),
        Measure::CpuMicrosPerSecond(_) => format!("{who} uses {} times as much CPU time", range(&parts)),
    }
}

/// `1.2`, or `1.2 to 3.4`.
fn range(values: &[f64]) -> String {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let (low, high) = (unit::ratio(low), unit::ratio(high));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Where a number is told that nobody wins by.
fn numbers(answer: &Answer, places: &[&Place]) -> String {
    let things = match &answer.measure {
        Measure::Count(things) => things.as_str(),
        _ => "",
    };
    let of = |role: Role| {
        let rows = places.iter().flat_map(|place| &place.rows).filter(|row| row.role == role);
        let medians: Vec<f64> = rows.map(|row| row.spread().median).collect();
        let (low, high) =
            medians.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
        let (low, high) = (unit::quantity(&answer.measure, low), unit::quantity(&answer.measure, high));
        (!medians.is_empty()).then(|| if low == high { low } else { format!("{low} to {high}") })
    };
    match (of(Role::Ours), of(Role::Peer)) {
        (Some(ours), Some(peers)) => format!("ours has {ours} {things}, the peers {peers}"),
        (Some(one), None) | (None, Some(one)) => format!("{one} {things}"),
        (None, None) => "nothing was measured".into(),
    }
}

/// What the floor takes of ours.
fn floor(places: &[&Place]) -> String {
    let floors: Vec<(&Row, &Row)> =
        places.iter().filter_map(|place| Some((place.best(Role::Floor)?, place.base()?))).collect();
    let ratios = floors.iter().map(|(floor, ours)| floor.ratio(ours).median).filter(|ratio| ratio.is_finite());
    let ratios: Vec<f64> = ratios.collect();
    let name = common(floors.iter().map(|(floor, _)| bare(&floor.name)));
    let name = name.map_or_else(|| "the machine's floor".to_owned(), |name| format!("the floor ({name})"));
    match ratios.iter().fold(0.0_f64, |high, ratio| high.max(*ratio)) {
        0.0 => String::new(),
        high if high < 1.0 => format!("; {name} takes {} of ours", range(&ratios)),
        _ => format!("; {name} takes {} times ours", range(&ratios)),
    }
}

/// Without a peer: ours beside the floor, or floors alone.
fn alone(answer: &Answer, places: &[&Place]) -> String {
    let quantity = |row: &Row| unit::quantity(&answer.measure, row.spread().median);
    let ours: Vec<(&Row, &Place)> = places.iter().filter_map(|place| Some((place.best(Role::Ours)?, *place))).collect();
    let above = ours.iter().filter_map(|(row, place)| Some(row.ratio(place.best(Role::Floor)?).median));
    let above: Vec<f64> = above.filter(|ratio| ratio.is_finite()).collect();
    let by_figure = |a: &&Row, b: &&Row| a.spread().median.total_cmp(&b.spread().median);
    let all = || places.iter().flat_map(|place| &place.rows);
    match (ours.first(), all().min_by(by_figure), all().max_by(by_figure)) {
        (Some(_), ..) if !above.is_empty() => format!("ours needs {} times its floor", range(&above)),
        (Some(_), ..) => {
            let rows = || ours.iter().map(|(row, _)| *row);
            let (Some(least), Some(most)) = (rows().min_by(by_figure), rows().max_by(by_figure)) else {
                return String::new();
            };
            let (least, most) = (quantity(least), quantity(most));
            if least == most { format!("ours needs {least}") } else { format!("ours needs {least} to {most}") }
        }
        (None, Some(only), Some(most)) if only.name == most.name => {
            format!("{} takes {}", bare(&only.name), quantity(only))
        }
        (None, Some(least), Some(most)) => {
            format!("from {} ({}) to {} ({})", quantity(least), bare(&least.name), quantity(most), bare(&most.name))
        }
        _ => "nothing was measured".into(),
    }
}

/// `up to 12 million tasks per second: `.
fn per_second(places: &[&Place], things: &str) -> Option<String> {
    let nanos = places.iter().filter_map(|place| Some(place.best(Role::Ours)?.spread().median));
    let least = nanos.fold(f64::INFINITY, f64::min);
    let rate = 1e9 / least;
    let text = match rate {
        _ if !rate.is_finite() || rate <= 0.0 => return None,
        _ if rate >= 1e6 => format!("{:.1} million", rate / 1e6),
        _ => table::grouped((rate / 100.0).round() * 100.0),
    };
    Some(format!("up to {text} {things} per second: "))
}

/// Ours, and the peers between the worst and the best.
fn scaling(contents: &[Content<'_>], cores: usize) -> String {
    let all: Vec<Speedups> = contents.iter().flat_map(|content| Speedups::of(&content.places())).collect();
    let of = |role: Role| all.iter().filter(move |speedups| speedups.role == role);
    let best = |speedups: &Speedups| speedups.best(cores).map(|(_, spread)| spread.median);
    let mut ours: Vec<(&str, Vec<f64>)> = Vec::new();
    for speedups in of(Role::Ours) {
        let values = best(speedups);
        match ours.iter_mut().find(|(name, _)| *name == speedups.name) {
            Some((_, found)) => found.extend(values),
            None => ours.push((&speedups.name, values.into_iter().collect())),
        }
    }
    let ours: Vec<String> = ours
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(name, values)| format!("{name} {}", range(values)))
        .collect();
    let mut peers: Vec<(f64, &str)> =
        of(Role::Peer).filter_map(|speedups| Some((best(speedups)?, speedups.name.as_str()))).collect();
    peers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let peers = match (peers.first(), peers.last()) {
        (Some((low, worst)), Some((high, best))) if worst != best => {
            format!("; the peers from {} ({worst}) to {} ({best})", unit::ratio(*low), unit::ratio(*high))
        }
        (Some((value, only)), _) => format!("; {only} {}", unit::ratio(*value)),
        _ => String::new(),
    };
    let workers = all.iter().filter_map(|speedups| Some(speedups.best(cores)?.0)).fold(1.0, f64::max);
    format!("speed-up with {workers} workers over one: {}{peers}", ours.join(", "))
}

/// Who ran how much of it, of the first contestant, where there are most tasks.
fn timeline(content: &Content<'_>) -> String {
    let Content::Timeline(rows) = content else { return String::new() };
    let most = rows.iter().map(|(_, _, spans)| spans.len()).max().unwrap_or(0);
    let of_place = |(place, _, spans): &(&Place, &Row, &[Span])| {
        let lanes = lanes(spans);
        let busiest = lanes.iter().map(|lane| lane.tasks.len()).max().unwrap_or(0);
        match lanes.len() {
            1 => format!("{}: one worker ran all", place.label),
            workers => format!("{}: {workers} workers, the busiest ran {busiest}", place.label),
        }
    };
    let parts: Vec<String> = rows.iter().filter(|(_, _, spans)| spans.len() == most).map(of_place).collect();
    let name = rows.first().map_or("", |(_, row, _)| row.name.as_str());
    format!("{name}: {}", parts.join("; "))
}

/// With a capital and a full stop; a name of code keeps its case.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let is_word =
        ["ours", "no ", "up ", "from", "level", "speed", "nothing"].iter().any(|start| text.starts_with(start));
    let first = letters.next().map(|letter| if is_word { letter.to_ascii_uppercase() } else { letter });
    let text: String = first.into_iter().chain(letters).collect();
    if text.ends_with('.') { text } else { text + "." }
}

fn bare(name: &str) -> &str {
    name.strip_prefix("floor: ").unwrap_or(name)
}

fn few_rounds(answer: &Answer) -> &'static str {
    let rounds = answer.places.iter().flat_map(|place| &place.rows).map(|row| row.values.len()).max().unwrap_or(ROUNDS);
    if rounds < ROUNDS { " Too few rounds to know the noise." } else { "" }
}

/// What all have in common.
fn common<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}
