use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "stream")]
use std::pin::Pin;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};
#[cfg(feature = "stream")]
use std::time::Instant;

#[cfg(feature = "stream")]
use futures_core::{FusedStream, Stream};

use super::Map;
#[cfg(feature = "stream")]
use super::MapStream;
use crate::error::TaskError;

/// A map whose results come with the keys of their items, so that a failure can be told by name.
///
/// The first argument gives the items, each a key and what the function is called with; the second starts the map with the
/// latter, in any of the ways in which an executor does: `map`, `map_with`, `map_fallible`, `map_fallible_with`. The keys
/// stay on this thread and travel nowhere, so they may borrow, and be of any type. Each comes back with its own result,
/// also where the results are `unordered`.
///
/// ```
/// use concurrent_futures_core::{InProcess, Map, MapOptions, keyed};
///
/// fn complain(executor: &dyn InProcess, words: &[&'static str]) {
///     let options = MapOptions::new().unordered();
///     let items = words.iter().map(|&word| (word, word));
///     let numbers = keyed(items, |words| {
///         Map::in_process_fallible(executor, options, |word: &str| word.parse::<u8>(), words)
///     });
///     for (word, number) in numbers {
///         if let Err(error) = number {
///             println!("{word}: {error}");
///         }
///     }
/// }
/// ```
///
/// Of a pool it reads `keyed(items, |words| pool.map(parse, words))`. For the position of each item, enumerate the items:
/// the key is the number.
///
/// Where the map has a deadline, and only input was left that nobody pulled, the item that says so is the next one of the
/// input, pulled for its key and not called. If there is none, nothing was left, and the map just ends.
///
/// Python: a dict of futures, `{executor.submit(fn, x): x for x in items}`, for `as_completed`.
///
/// # Blocking
///
/// As the map does that is started.
///
/// # Panics
///
/// With the panics of the items.
pub fn keyed<'ex, I, K, A, R>(
    items: I,
    start: impl FnOnce(KeyedArguments<I::IntoIter, K>) -> Map<'ex, KeyedArguments<I::IntoIter, K>, R>,
) -> Keyed<'ex, I::IntoIter, K, A, R>
where
    I: IntoIterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    let map = start(KeyedArguments { items: items.into_iter(), keys: HashMap::new(), pulled: 0 });
    // Who starts the map may have taken some arguments himself.
    let skipped = map.input.pulled - map.pulled;
    Keyed { map, skipped }
}

/// What is left of the items when their keys are taken off: the input of the map that [`keyed()`] has started.
#[must_use = "start a map with it, and return that"]
pub struct KeyedArguments<I, K> {
    items: I,
    /// Of what was pulled and not yet yielded, by number: as many as the window of the map holds.
    keys: HashMap<usize, K>,
    pulled: usize,
}

impl<K, A, I: Iterator<Item = (K, A)>> KeyedArguments<I, K> {
    /// The key of an item that was pulled, or is the next.
    fn take_key(&mut self, number: usize) -> Option<K> {
        if number == self.pulled {
            self.next()?;
        }
        self.keys.remove(&number)
    }
}

impl<K, A, I: Iterator<Item = (K, A)>> Iterator for KeyedArguments<I, K> {
    type Item = A;

    fn next(&mut self) -> Option<A> {
        let (key, argument) = self.items.next()?;
        self.keys.insert(self.pulled, key);
        self.pulled += 1;
        Some(argument)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<I, K> fmt::Debug for KeyedArguments<I, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedArguments").field("pulled", &self.pulled).finish_non_exhaustive()
    }
}

/// The results of a map, each with the key of its item; from [`keyed()`].
///
/// In all else it is the [`Map`] that was started: in the same order, within the same window, until the same deadline; and
/// dropping it cancels what has not begun.
#[must_use = "dropping the results of a map cancels what has not begun; iterate, or collect"]
pub struct Keyed<'ex, I: Iterator<Item = (K, A)>, K, A, R: Send + 'static> {
    map: Map<'ex, KeyedArguments<I, K>, R>,
    skipped: usize,
}

impl<'ex, I, K, A, R> Keyed<'ex, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    /// The same as a `futures::Stream`, as [`Map::into_stream`]. Needs the feature `stream`.
    ///
    /// ```
    /// use concurrent_futures_core::{InProcess, Map, MapOptions, keyed};
    /// use futures_lite::StreamExt;
    ///
    /// async fn print_lengths(executor: &dyn InProcess, words: Vec<String>) {
    ///     let items = words.into_iter().map(|word| (word.clone(), word));
    ///     let map = |words| Map::in_process(executor, MapOptions::new(), |word: String| word.len(), words);
    ///     let mut lengths = keyed(items, map).into_stream();
    ///     while let Some((word, length)) = lengths.next().await {
    ///         println!("{word}: {length:?}");
    ///     }
    /// }
    /// ```
    #[cfg(feature = "stream")]
    pub fn into_stream(self) -> KeyedStream<'ex, I, K, A, R> {
        KeyedStream { stream: self.map.into_stream(), skipped: self.skipped }
    }
}

impl<I, K, A, R> Iterator for Keyed<'_, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    type Item = (K, Result<R, TaskError>);

    fn next(&mut self) -> Option<Self::Item> {
        let (number, result) = self.map.next_numbered()?;
        let key = self.map.input.take_key(self.skipped + number)?;
        Some((key, result))
    }

    /// As that of the map.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.map.size_hint()
    }
}

impl<I, K, A, R> std::iter::FusedIterator for Keyed<'_, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
}

impl<I: Iterator<Item = (K, A)>, K, A, R: Send + 'static> fmt::Debug for Keyed<'_, I, K, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyed").field(&self.map).finish()
    }
}

/// The results of a map, each with the key of its item, for an async runtime; from [`Keyed::into_stream`].
///
/// In all else it is a [`MapStream`].
#[cfg(feature = "stream")]
#[must_use = "streams do nothing unless polled, and dropping one cancels what has not begun"]
pub struct KeyedStream<'ex, I: Iterator<Item = (K, A)>, K, A, R: Send + 'static> {
    stream: MapStream<'ex, KeyedArguments<I, K>, R>,
    skipped: usize,
}

#[cfg(feature = "stream")]
impl<I, K, A, R> KeyedStream<'_, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    /// When the map's deadline passes, as [`MapStream::deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.stream.deadline()
    }
}

/// Nothing in it is pinned.
#[cfg(feature = "stream")]
impl<I: Iterator<Item = (K, A)>, K, A, R: Send + 'static> Unpin for KeyedStream<'_, I, K, A, R> {}

#[cfg(feature = "stream")]
impl<I, K, A, R> Stream for KeyedStream<'_, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    type Item = (K, Result<R, TaskError>);

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.stream.poll_numbered(context).map(|next| {
            let keyed = next.and_then(|(number, result)| {
                let key = this.stream.map.input.take_key(this.skipped + number)?;
                Some((key, result))
            });
            // Where the deadline has passed and nothing was left, the map has an item more than there are keys.
            this.stream.has_ended |= keyed.is_none();
            keyed
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

/// As the stream of the map.
#[cfg(feature = "stream")]
impl<I, K, A, R> FusedStream for KeyedStream<'_, I, K, A, R>
where
    I: Iterator<Item = (K, A)>,
    A: Send + 'static,
    R: Send + 'static,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}

#[cfg(feature = "stream")]
impl<I: Iterator<Item = (K, A)>, K, A, R: Send + 'static> fmt::Debug for KeyedStream<'_, I, K, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyedStream").field(&self.stream).finish()
    }
}
