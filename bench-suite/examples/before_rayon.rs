//! The program that comes before ours in docs/migrating.md.

use rayon::prelude::*;

fn main() {
    let words = ["one", "three", "fifteen"];
    let lengths: Vec<usize> = words.par_iter().map(|word| word.len()).collect();
    let (first, last) = rayon::join(|| words[0].len(), || words[2].len());
    assert_eq!((lengths, first + last), (vec![3, 5, 7], 10));
}
