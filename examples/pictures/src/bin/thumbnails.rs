//! Makes a thumbnail of every picture in a folder.
//!
//! ```text
//! cargo run --release -p pictures --bin thumbnails -- IN_DIR OUT_DIR --size 200
//! cargo run --release -p pictures --bin thumbnails -- IN_DIR OUT_DIR --paint 20    # no pictures at hand? paints some first
//! ```
//!
//! A picture that is broken fails alone, by name. What stands in `OUT_DIR` is whole, also after Ctrl-C: a thumbnail gets its
//! name once it is written.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a program tells its user what it does")]

#[path = "../../../common/mod.rs"]
mod common;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use common::{Interrupt, Outcome, PoolOptions, count_to, explain};
use concurrent_futures::{Executor, keyed};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

/// Makes a thumbnail of every picture in a folder: JPEG and PNG.
#[derive(Debug, Parser)]
struct Options {
    /// Where the pictures are
    in_dir: PathBuf,
    /// Where the thumbnails go, under the names of their pictures; it is made if it isn't there
    out_dir: PathBuf,
    /// How wide and high a thumbnail is at most, in pixels
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    size: u32,
    /// Paint so many pictures into IN_DIR first
    #[arg(long, value_name = "N", default_value_t = 0)]
    paint: u32,
    #[command(flatten)]
    pool: PoolOptions,
}

type TaskResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    concurrent_futures::init();
    common::exit("thumbnails", run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let executor = options.pool.build()?;
    let interrupt = Interrupt::of(&executor)?;
    let painted = paint_samples(&*executor, &options.in_dir, options.paint);
    if !interrupt.came() {
        painted?;
    }
    let pictures = files_of(&options.in_dir)?;
    let about_out_dir = |error| format!("{}: {error}; name a folder that can be made", options.out_dir.display());
    fs::create_dir_all(&options.out_dir).map_err(about_out_dir)?;
    if fs::canonicalize(&options.in_dir)? == fs::canonicalize(&options.out_dir)? {
        return Err("the thumbnails would take the place of the pictures; name another folder as OUT_DIR".into());
    }

    let bar = count_to(pictures.len() as u64, "pictures");
    let (mut made, mut failed) = (0_u64, 0_u64);
    let argument = |name: &OsString| {
        (options.in_dir.join(name).into_os_string(), options.out_dir.join(name).into_os_string(), options.size)
    };
    let tasks = pictures.iter().map(|name| (name, argument(name))).take_while(|_| !interrupt.came());
    for (name, outcome) in keyed(tasks, |paths| executor.map_fallible(thumbnail, paths)) {
        match outcome {
            Ok(()) => made += 1,
            Err(_) if interrupt.came() => {}
            Err(error) => {
                failed += 1;
                bar.suspend(|| eprintln!("thumbnails: {}: {}", Path::new(name).display(), explain(&error)));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    let unfinished = pictures.len() as u64 - made - failed;
    println!("thumbnails made: {made}, pictures failed: {failed}");
    if interrupt.came() {
        println!("interrupted; {unfinished} pictures are left");
    }
    Ok(interrupt.exit_code(failed))
}

/// The names of the files in a folder, sorted.
fn files_of(folder: &Path) -> Result<Vec<OsString>, String> {
    let about = |error| {
        format!("{}: {error}; name a folder of pictures, or have some painted with --paint 20", folder.display())
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(about)? {
        let entry = entry.map_err(about)?;
        // What a link leads to counts.
        if entry.path().is_file() {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

/// The task: reads, shrinks, writes.
fn thumbnail((from, to, size): (OsString, OsString, u32)) -> TaskResult<()> {
    let reader = ImageReader::open(&from)?.with_guessed_format()?;
    let format = reader.format().ok_or("neither JPEG nor PNG; convert it, or take it out of the folder")?;
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?.thumbnail(size, size);
    picture.apply_orientation(orientation);
    write_whole(Path::new(&to), &encode(&picture, format)?)
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> TaskResult<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => picture.to_rgb8().write_to(&mut bytes, format)?,
        _ => picture.write_to(&mut bytes, format)?,
    }
    Ok(bytes.into_inner())
}

/// Gives a file its name only once all of it is written.
fn write_whole(path: &Path, bytes: &[u8]) -> TaskResult<()> {
    let mut part = path.to_owned().into_os_string();
    part.push(".part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Paints pictures, in parallel too, half of them as JPEG.
fn paint_samples(executor: &dyn Executor, folder: &Path, count: u32) -> Result<(), Box<dyn Error>> {
    if count > 0 {
        fs::create_dir_all(folder)?;
    }
    let tasks = (0..count).map(|number| (folder.as_os_str().to_owned(), number));
    for outcome in executor.map_fallible(paint, tasks) {
        outcome?;
    }
    Ok(())
}

/// A piece of the edge of the Mandelbrot set, nearer with each number.
fn paint((folder, number): (OsString, u32)) -> TaskResult<()> {
    const LIMIT: u8 = 255;
    let (width, height) = (480, 360);
    let scale = 3.0 * 0.9_f64.powi(number as i32) / f64::from(width);
    let steps = |x: u32, y: u32| {
        let real = -0.743_643_887 + (f64::from(x) - f64::from(width) / 2.0) * scale;
        let imaginary = 0.131_825_904 + (f64::from(y) - f64::from(height) / 2.0) * scale;
        let (mut a, mut b) = (0.0, 0.0);
        (0..LIMIT).find(|_| {
            (a, b) = (a * a - b * b + real, 2.0 * a * b + imaginary);
            a * a + b * b > 4.0
        })
    };
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let steps = steps(x, y).unwrap_or(LIMIT);
        image::Rgb([steps.wrapping_mul(5), steps.wrapping_mul(3), 255 - steps])
    });
    let format = if number % 2 == 0 { ImageFormat::Jpeg } else { ImageFormat::Png };
    let extension = format.extensions_str()[0];
    write_whole(&Path::new(&folder).join(format!("painted-{number:03}.{extension}")), &encode(&picture.into(), format)?)
}
