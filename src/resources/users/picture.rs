//! Pictures of people: read whatever a camera, an editor or an attacker has written, and made anew.
//!
//! What is stored is never what was sent. The picture is decoded, made small and encoded again, so nothing of the
//! file's other contents survives: no place and time of the photo, no second file behind the picture, no script. The
//! format is that of the content; names and declared types say nothing.
//!
//! The size is read from the header before anything is decoded, so a small file that says that it is huge costs
//! nothing. Of an animation, the first picture is taken. Decoding is left to the crate `image`: writing four decoders
//! would be worse, and handing the file to another program slower and harder to bound.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

/// The formats, as people call them.
pub const FORMATS: &str = "PNG, JPEG, GIF or WebP";

pub const MOST_BYTES: usize = 5 * 1_024 * 1_024;

/// What a phone takes: twelve or sixteen megapixels.
const MOST_PIXELS: u64 = 4_096 * 4_096;

/// Longest side that is read, in pixels.
const LONGEST_SIDE: u32 = 16_384;

/// Bytes of a decoded picture, and of what its decoder needs beside it.
const MOST_MEMORY: u64 = 128 * 1_024 * 1_024;

/// Longest side of what is stored, in pixels.
const STORED_SIDE: u32 = 512;

/// Of 100; at this size and quality hardly any picture has more than 100 kilobytes.
const QUALITY: u8 = 85;

/// What a picture without background stands on.
const WHITE: u16 = 255;

/// A JPEG of at most [`STORED_SIDE`] pixels on each side, or the end of the sentence that refuses the file.
pub fn prepare(file: &[u8]) -> Result<Vec<u8>, String> {
    let format = image::guess_format(file)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP));
    let format = format.ok_or_else(|| format!("must be a picture: {FORMATS}."))?;
    if format == ImageFormat::Jpeg && !has_end(file) {
        return Err(unreadable());
    }
    let (mut picture, orientation) = decode(file, format)?;
    if picture.width().max(picture.height()) > STORED_SIDE {
        picture = picture.thumbnail(STORED_SIDE, STORED_SIDE);
    }
    picture.apply_orientation(orientation);
    let mut content = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut content, QUALITY);
    on_white(&picture).write_with_encoder(encoder).map_err(|_| unreadable())?;
    Ok(content)
}

/// The picture, and how its camera was held.
fn decode(file: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation), String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|cause| match cause {
        image::ImageError::Limits(_) => too_many_pixels(),
        _ => unreadable(),
    })?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS || decoder.total_bytes() > MOST_MEMORY {
        return Err(too_many_pixels());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| unreadable())?;
    Ok((picture, orientation))
}

/// Whether a JPEG has its end. Its decoder paints what is missing of a cut one grey, and says nothing.
fn has_end(jpeg: &[u8]) -> bool {
    const END: u8 = 0xd9;
    // Behind the two bytes that begin the file.
    let mut left = jpeg.get(2..).unwrap_or_default();
    loop {
        // The next marker: 0xff and a byte that is neither a filling nor part of the picture's data.
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
        let Some(place) = left.windows(2).position(is_marker) else { return false };
        let (kind, rest) = (left[place + 1], &left[place + 2..]);
        match (kind, rest) {
            (END, _) => return true,
            // Every other one tells the length of what belongs to it; the data of a scan follow that.
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                left = rest.get(length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
}

fn unreadable() -> String {
    "cannot be read: it is damaged or incomplete. Save the picture anew and send that file.".to_owned()
}

fn too_many_pixels() -> String {
    format!("must have at most {} megapixels: make the picture smaller and send that file.", MOST_PIXELS / 1_000_000)
}

/// A JPEG has no transparency.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (flat, pixel) in flat.pixels_mut().zip(picture.pixels()) {
        let [colours @ .., alpha] = pixel.0.map(u16::from);
        let mixed = colours.map(|colour| (colour * alpha + WHITE * (255 - alpha)) / 255);
        *flat = Rgb(mixed.map(|colour| u8::try_from(colour).unwrap_or(u8::MAX)));
    }
    flat
}
