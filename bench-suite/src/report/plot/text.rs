//! How wide a text is, without a font: an SVG can't ask, and its reader's fonts are unknown.
//!
//! The widths are those of DejaVu Sans, one of the widest among the fonts for screens: what fits in it fits in all of them.

/// Hundredths of the font's size, for the printable characters of ASCII.
const WIDTHS: [u8; 95] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69,
    61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63,
    59, 82, 59, 59, 52, 64, 34, 64, 84,
];
/// What is not in the table: signs such as `µ` and `×` are narrower, ideographs as wide.
const OTHERS: u8 = 100;

/// The width of a line.
#[must_use]
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| f64::from(hundredths(letter))).sum::<f64>() * size / 100.0
}

fn hundredths(letter: char) -> u8 {
    let place = (letter as usize).checked_sub(' ' as usize);
    place.and_then(|place| WIDTHS.get(place)).copied().unwrap_or(OTHERS)
}

/// Lines that are no wider than `room`, broken between words, and within a word that is wider alone.
#[must_use]
pub(crate) fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            if !line.is_empty() && width(&line, size) + width(letter.encode_utf8(&mut [0; 4]), size) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{width, wrap};

    #[test]
    fn lines_keep_to_the_room_and_lose_nothing() {
        let text = "ProcessPoolExecutor.map(chunksize=5000), a task of its own for each";
        for room in [30.0, 120.0, 1000.0] {
            let lines = wrap(text, 12.0, room);
            assert!(lines.iter().all(|line| width(line, 12.0) <= room), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
        assert_eq!(wrap("two words", 12.0, 60.0), ["two", "words"]);
        assert_eq!(wrap("", 12.0, 60.0), [""]);
    }
}
