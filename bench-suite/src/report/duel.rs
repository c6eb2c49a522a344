//! Ours beside one peer at one place, and whether the difference is more than noise.

use crate::contestant::Role;
use crate::results::{Place, Row};
use crate::spread::Spread;

/// Who was better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Ours, in at least three quarters of the rounds.
    Won,
    /// The peer, in at least three quarters of the rounds.
    Lost,
    /// Neither: 1 lies between the quartiles of the ratio.
    Level,
}

/// Ours and a peer that did the same in the same rounds.
#[derive(Debug, Clone, Copy)]
pub struct Duel<'a> {
    /// Where.
    pub place: &'a Place,
    /// The first row.
    pub ours: &'a Row,
    /// The other one.
    pub peer: &'a Row,
    /// How many times ours the peer takes, over the rounds. More than 1: ours is better.
    pub ratio: Spread,
}

impl<'a> Duel<'a> {
    /// With each peer of a place.
    pub fn all(place: &'a Place) -> impl Iterator<Item = Self> {
        let ours = place.base().filter(|base| base.role == Role::Ours);
        let peers = place.rows.iter().filter(|row| row.role == Role::Peer);
        ours.into_iter()
            .flat_map(move |ours| peers.clone().map(move |peer| Self { place, ours, peer, ratio: peer.ratio(ours) }))
    }

    /// With the best peer of a place.
    #[must_use]
    pub fn with_the_best(place: &'a Place) -> Option<Self> {
        let best = place.best(Role::Peer)?;
        Self::all(place).find(|duel| duel.peer.name == best.name)
    }

    /// Who was better.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        outcome(self.ratio)
    }

    /// How many times better the peer is.
    #[must_use]
    pub fn behind(&self) -> f64 {
        self.ratio.median.recip()
    }
}

/// What a ratio to ours says.
#[must_use]
pub(crate) fn outcome(ratio: Spread) -> Outcome {
    match ratio {
        Spread { lower, .. } if lower > 1.0 => Outcome::Won,
        Spread { upper, .. } if upper < 1.0 => Outcome::Lost,
        _ => Outcome::Level,
    }
}
