//! Pictures that nobody should have to decode, each the same for the same seed and number.

use fastrand::Rng;

/// A picture and what was done to it.
pub(crate) fn picture(seed: u64, number: u64) -> (String, Vec<u8>) {
    let mut random = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
    let (what, mut bytes, size_at) = match random.u8(0..6) {
        0 => bmp(&mut random),
        1 => pnm(&mut random),
        2 => tga(&mut random),
        _ => gif(&mut random),
    };
    let done = match random.u8(0..8) {
        0 | 1 => cut_short(&mut random, &mut bytes),
        2..5 => flip_bits(&mut random, &mut bytes),
        5 => claim_to_be_huge(&mut random, &mut bytes, size_at),
        _ => "as it is".to_owned(),
    };
    (format!("{what}, {done}"), bytes)
}

fn cut_short(random: &mut Rng, bytes: &mut Vec<u8>) -> String {
    bytes.truncate(random.usize(1..bytes.len()));
    format!("cut short after {} bytes", bytes.len())
}

/// Mostly in the head, where it hurts.
fn flip_bits(random: &mut Rng, bytes: &mut [u8]) -> String {
    let count = random.usize(1..=8);
    for _ in 0..count {
        let end = if random.bool() { bytes.len() } else { bytes.len().min(64) };
        bytes[random.usize(0..end)] ^= 1 << random.u8(0..8);
    }
    format!("{count} bits flipped")
}

/// Where the format says how wide and high the picture is, something else is said.
fn claim_to_be_huge(random: &mut Rng, bytes: &mut [u8], size_at: Option<usize>) -> String {
    let Some(at) = size_at else { return flip_bits(random, bytes) };
    let (width, height) = (random.u16(8_000..24_000), random.u16(8_000..24_000));
    put(bytes, at, width);
    put(bytes, at + 2, height);
    format!("said to be {width}x{height}")
}

type Painted = (String, Vec<u8>, Option<usize>);

/// An animation, with what its format has to say on how a frame goes before the next one comes.
fn gif(random: &mut Rng) -> Painted {
    let (width, height) = (random.u16(1..600), random.u16(1..400));
    let (frames, disposal) = (random.u8(1..5), random.u8(0..4));
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
    bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]); // two colours
    for _ in 0..frames {
        bytes.extend([0x21, 0xf9, 4, disposal << 2, 10, 0, 0, 0]);
        bytes.extend([0x2c, 0, 0, 0, 0]);
        bytes.extend([width.to_le_bytes(), height.to_le_bytes()].concat());
        bytes.extend([0, 2]);
        // Each byte is "start over" and one pixel, in codes of three bits; more are never needed then.
        let mut codes = Codes::default();
        for _ in 0..u32::from(width) * u32::from(height) {
            codes.put(4);
            codes.put(random.u8(0..2));
        }
        codes.put(5);
        for block in codes.end().chunks(255) {
            bytes.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
            bytes.extend(block);
        }
        bytes.push(0);
    }
    bytes.push(0x3b);
    (format!("GIF {width}x{height}, {frames} frames, disposal {disposal}"), bytes, Some(6))
}

/// Codes of three bits, packed.
#[derive(Default)]
struct Codes {
    bytes: Vec<u8>,
    bits: u32,
    count: u32,
}

impl Codes {
    fn put(&mut self, code: u8) {
        self.bits |= u32::from(code) << self.count;
        self.count += 3;
        if self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(self.bits as u8);
        self.bytes
    }
}

fn bmp(random: &mut Rng) -> Painted {
    let (side, bits) = (random.u16(1..64), [16, 24, 32][random.usize(0..3)]);
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend([side, 0, side, 0, 1, bits].map(u16::to_le_bytes).concat());
    bytes.resize(54, 0);
    paint(random, &mut bytes, usize::from(side) * (usize::from(side * bits / 8) + 3));
    (format!("BMP {side}x{side}, {bits} bits"), bytes, None)
}

fn pnm(random: &mut Rng) -> Painted {
    let (side, most) = (random.u16(1..64), [255, 65_535][random.usize(0..2)]);
    let mut bytes = format!("P6 {side} {side} {most}\n").into_bytes();
    paint(random, &mut bytes, usize::from(side) * usize::from(side) * 6);
    (format!("PNM {side}x{side}, up to {most}"), bytes, None)
}

fn tga(random: &mut Rng) -> Painted {
    let (side, is_packed) = (random.u16(1..64), random.bool());
    let mut bytes = vec![0, 0, if is_packed { 10 } else { 2 }, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([side.to_le_bytes(), side.to_le_bytes()].concat());
    bytes.extend([24, 0]);
    paint(random, &mut bytes, usize::from(side) * usize::from(side) * 4);
    (format!("TGA {side}x{side}{}", if is_packed { ", packed" } else { "" }), bytes, Some(12))
}

fn paint(random: &mut Rng, bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(count));
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}
