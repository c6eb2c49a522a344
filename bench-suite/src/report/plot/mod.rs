//! The plots, as SVG that a style sheet colours. Nothing here knows a figure's words but its labels.

mod bars;
pub(crate) mod canvas;
mod chart;
mod lines;
mod percentiles;
mod scale;
mod scaling;
pub(crate) mod series;
pub(crate) mod text;
pub(crate) mod timeline;

use canvas::Canvas;
use series::Look;

use crate::question::Plot;
use crate::results::{Answer, Place, Row};
use crate::sample::Span;

/// The colours and dashes of all plots, light and dark.
pub(crate) const STYLE: &str = include_str!("plot.css");

/// What a panel of a figure shows.
#[derive(Debug, Clone)]
pub(crate) enum Content<'a> {
    /// A bar for each row of each place.
    Bars(Vec<&'a Place>),
    /// A line for each contestant over the places.
    Lines(Vec<&'a Place>),
    /// A line for each distribution of one place.
    Percentiles(&'a Place),
    /// The speed-ups over the places.
    Scaling(Vec<&'a Place>),
    /// The spans of one contestant at each place.
    Timeline(Vec<(&'a Place, &'a Row, &'a [Span])>),
}

impl<'a> Content<'a> {
    /// How the places of a group are shown: as the question wants it, or as bars where that isn't possible.
    pub(crate) fn of_group(answer: &Answer, places: Vec<&'a Place>) -> Vec<Self> {
        let has_distribution = |place: &&&Place| place.rows.iter().any(|row| row.distribution.is_some());
        match answer.plot {
            Plot::Lines if lines::has_several(&places) => vec![Self::Lines(places)],
            Plot::Scaling if lines::has_several(&places) => vec![Self::Scaling(places)],
            Plot::Percentiles => {
                let (with, without): (Vec<&Place>, Vec<&Place>) =
                    places.into_iter().partition(|place| has_distribution(&place));
                let mut contents: Vec<Self> = with.into_iter().map(Self::Percentiles).collect();
                if !without.is_empty() {
                    contents.push(Self::Bars(without));
                }
                contents
            }
            _ => vec![Self::Bars(places)],
        }
    }

    /// The places it shows.
    pub(crate) fn places(&self) -> Vec<&'a Place> {
        match self {
            Self::Bars(places) | Self::Lines(places) | Self::Scaling(places) => places.clone(),
            Self::Percentiles(place) => vec![place],
            Self::Timeline(rows) => rows.iter().map(|(place, ..)| *place).collect(),
        }
    }

    /// Whether its lines need a legend.
    pub(crate) fn has_legend(&self) -> bool {
        matches!(self, Self::Lines(_) | Self::Percentiles(_) | Self::Scaling(_))
    }

    /// Draws it, so wide.
    pub(crate) fn draw(&self, answer: &Answer, looks: &[Look], cores: usize, width: f64) -> Canvas {
        match self {
            Self::Bars(places) => bars::draw(&answer.measure, places, width),
            Self::Lines(places) => lines::draw(answer, places, looks, width),
            Self::Percentiles(place) => percentiles::draw(answer, place, looks, width),
            Self::Scaling(places) => scaling::draw(places, looks, cores, width),
            Self::Timeline(rows) => {
                let picture = |(place, _, spans): &(&Place, &Row, &'a [Span])| (place.label.clone(), *spans);
                timeline::draw(&rows.iter().map(picture).collect::<Vec<_>>(), width)
            }
        }
    }
}
