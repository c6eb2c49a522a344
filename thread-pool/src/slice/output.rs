//! A vector that several threads fill, each its own range, and nobody reads before all ranges are full.
//!
//! Unsafe for a measured gain: collecting each range into a vector of its own and joining these in the end copies every
//! result once more and touches twice the memory.

use std::mem::MaybeUninit;
use std::ptr;

/// The vector, empty until [`finish`](Self::finish).
pub(super) struct Output<R> {
    vector: Vec<R>,
    places: usize,
}

/// A range that is being filled, from its begin. Drops what it holds if it is not finished.
pub(super) struct Filling<'a, R> {
    places: &'a mut [MaybeUninit<R>],
    filled: usize,
}

/// A range that is full. Drops its values, unless they are kept.
pub(super) struct Filled<'a, R> {
    places: &'a mut [MaybeUninit<R>],
}

/// A number of values that stay where they are, to be counted by [`Output::finish`].
pub(super) struct Kept(usize);

impl<R> Output<R> {
    pub(super) fn with_capacity(places: usize) -> Self {
        Self { vector: Vec::with_capacity(places), places }
    }

    /// The places to fill.
    pub(super) fn places(&mut self, count: usize) -> &mut [MaybeUninit<R>] {
        &mut self.vector.spare_capacity_mut()[..count]
    }

    /// The vector, once every place holds a kept value.
    ///
    /// # Panics
    ///
    /// If the number of kept values, each of which was written to a place of its own, isn't the number of places.
    pub(super) fn finish(mut self, kept: impl Iterator<Item = Kept>) -> Vec<R> {
        let kept = kept.map(|Kept(count)| count).sum::<usize>();
        assert!(kept == self.places && self.vector.is_empty(), "{kept} of {} results were written", self.places);
        // SAFETY: the capacity is at least `places`, since `with_capacity` asked for that many. Each of the first
        // `places` elements is initialised: ranges come from splitting `places()` without overlap, each counted value
        // belongs to a `Filled` range, of which every place was written by `Filling::push`, and `kept` ranges together
        // are as long as all places, so they cover them.
        unsafe { self.vector.set_len(self.places) };
        self.vector
    }
}

impl<'a, R> Filling<'a, R> {
    pub(super) fn new(places: &'a mut [MaybeUninit<R>]) -> Self {
        Self { places, filled: 0 }
    }

    /// Writes the next place.
    pub(super) fn push(&mut self, value: R) {
        self.places[self.filled].write(value);
        self.filled += 1;
    }

    /// The range, which must be full.
    pub(super) fn done(mut self) -> Filled<'a, R> {
        assert_eq!(self.filled, self.places.len(), "a range was left before it was full");
        self.filled = 0;
        Filled { places: std::mem::take(&mut self.places) }
    }
}

impl<R> Filled<'_, R> {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Leaves the values where they are, and tells how many.
    pub(super) fn keep(mut self) -> Kept {
        Kept(std::mem::take(&mut self.places).len())
    }
}

impl<R> Drop for Filling<'_, R> {
    fn drop(&mut self) {
        drop_values(&mut self.places[..self.filled]);
    }
}

impl<R> Drop for Filled<'_, R> {
    fn drop(&mut self) {
        drop_values(self.places);
    }
}

/// Drops the values of `places`, all of which must have been written by `Filling::push`; only the two `Drop`s call it.
fn drop_values<R>(places: &mut [MaybeUninit<R>]) {
    let values = ptr::from_mut(places) as *mut [R];
    // SAFETY: the pointer comes from an exclusive reference, so it is valid and aligned, and a `MaybeUninit<R>` lies in
    // memory as an `R` does. Every element is initialised: the callers pass exactly the places that `push` has written.
    // Nobody uses them afterwards: the callers are being dropped, and the vector's length is still 0.
    unsafe { ptr::drop_in_place(values) };
}
