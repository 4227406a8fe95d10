//! Which files are pictures, and what is stored of them.

use image::{DynamicImage, GrayAlphaImage, ImageFormat, LumaA, Rgba, RgbaImage};

use crate::exact::invalid;
use crate::support::pictures::{encoded, png, written};
use crate::support::{Answer, Server, token};

const FORMATS: [ImageFormat; 4] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];

fn send(server: &Server, file: &[u8]) -> Answer {
    let request = server.post("/users/6/profile_photo").bearer(token::ADMINISTRATOR);
    request.file("user[profile_photo_attachment_file]", file).send()
}

/// The bytes that are served of a file.
#[track_caller]
fn served(server: &Server, file: &[u8]) -> Vec<u8> {
    let record = send(server, file).expect(200).record();
    let printed = record["photo_path"].as_str().unwrap();
    let place = &printed[printed.find("/images/").unwrap()..];
    server.request_at_root("GET", place).send().expect(200).body
}

#[track_caller]
fn stored(server: &Server, file: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(&served(server, file), ImageFormat::Jpeg).unwrap()
}

#[track_caller]
fn refuses(server: &Server, file: &[u8], rest: &str) {
    let message = format!("Profile photo attachment file {rest}");
    assert_eq!(send(server, file).expect(422).text(), invalid("profile_photo_attachment_file", &message));
}

const NO_PICTURE: &str = "must be a picture: PNG, JPEG, GIF or WebP.";
const DAMAGED: &str = "cannot be read: it is damaged or incomplete. Save the picture anew and send that file.";
const TOO_MANY: &str = "must have at most 16 megapixels: make the picture smaller and send that file.";

/// Whether a pixel looks red, blue or white.
fn colour(picture: &DynamicImage, x: u32, y: u32) -> &'static str {
    match picture.to_rgb8().get_pixel(x, y).0 {
        [200..=255, ..60, ..60] => "red",
        [..60, ..60, 200..=255] => "blue",
        [240..=255, 240..=255, 240..=255] => "white",
        _ => "another",
    }
}

#[test]
fn all_four_formats_become_small_jpegs() {
    let server = Server::start();
    for format in FORMATS {
        for ((width, height), due) in [
            ((300, 200), (300, 200)),
            ((512, 512), (512, 512)),
            ((1_000, 500), (512, 256)),
            ((400, 1_600), (128, 512)),
            ((2_000, 1), (512, 1)),
            ((1, 1), (1, 1)),
        ] {
            let picture = stored(&server, &encoded(width, height, format));
            assert_eq!((picture.width(), picture.height()), due, "{format:?} {width} × {height}");
            if due.0 > 100 && due.1 > 1 {
                let there = [due.0 / 4, due.0 * 3 / 4].map(|x| colour(&picture, x, due.1 / 2));
                assert_eq!(there, ["red", "blue"], "{format:?}");
            }
        }
    }
}

#[test]
fn what_is_stored_has_a_bounded_size() {
    let server = Server::start();
    let mut state = 1_u32;
    let noise = DynamicImage::from(RgbaImage::from_fn(512, 512, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        Rgba([a, b, c, 255])
    }));
    let length = served(&server, &written(&noise, ImageFormat::Png)).len();
    assert!(length < 512 * 1_024, "{length}");
}

#[test]
fn transparency_stands_on_white() {
    let server = Server::start();
    let half = RgbaImage::from_fn(40, 20, |x, _| if x < 20 { Rgba([220, 20, 20, 255]) } else { Rgba([0, 0, 0, 0]) });
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let picture = stored(&server, &written(&half.clone().into(), format));
        assert_eq!([colour(&picture, 5, 10), colour(&picture, 35, 10)], ["red", "white"], "{format:?}");
    }
    let grey = GrayAlphaImage::from_fn(20, 20, |_, _| LumaA([0, 0]));
    assert_eq!(colour(&stored(&server, &written(&grey.into(), ImageFormat::Png)), 9, 9), "white");
}

/// A JPEG with these bytes as its EXIF data.
fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let data = [b"Exif\0\0", exif].concat();
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &data, &jpeg[2..]].concat()
}

/// EXIF data with an orientation and a text of the camera.
fn exif(orientation: u8) -> Vec<u8> {
    let text = b"GPS 52.5 13.4 canary\0";
    let description = [&[0x0e, 0x01, 2, 0, u8::try_from(text.len()).unwrap(), 0, 0, 0, 38, 0, 0, 0][..]].concat();
    let turned = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    [&b"II*\0\x08\0\0\0\x02\0"[..], &description, &turned, &[0; 4], text].concat()
}

#[test]
fn the_camera_is_turned_upright_and_forgotten() {
    let server = Server::start();
    let jpeg = encoded(200, 100, ImageFormat::Jpeg);
    for (orientation, size, places) in [
        (1, (200, 100), [(50, 50, "red"), (150, 50, "blue")]),
        (3, (200, 100), [(50, 50, "blue"), (150, 50, "red")]),
        (6, (100, 200), [(50, 50, "red"), (50, 150, "blue")]),
        (8, (100, 200), [(50, 50, "blue"), (50, 150, "red")]),
    ] {
        let file = with_exif(&jpeg, &exif(orientation));
        assert!(file.windows(6).any(|window| window == b"canary"));
        let bytes = served(&server, &file);
        assert!(!bytes.windows(6).any(|window| window == b"canary") && !bytes.windows(4).any(|it| it == b"Exif"));
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), size, "orientation {orientation}");
        for (x, y, due) in places {
            assert_eq!(colour(&picture, x, y), due, "orientation {orientation}");
        }
    }
    // Nonsense is no reason to refuse the picture.
    for nonsense in [&b""[..], b"II*\0", b"MM\0*\xff\xff\xff\xff", &[0xff; 300], b"<script>alert(1)</script>"] {
        served(&server, &with_exif(&jpeg, nonsense));
    }
}

#[test]
fn what_is_behind_or_inside_a_picture_is_not_served() {
    let server = Server::start();
    let script = b"<html><script>canary()</script></html>PK\x03\x04 canary";
    for format in FORMATS {
        let file = [&encoded(30, 20, format)[..], script].concat();
        assert!(!served(&server, &file).windows(6).any(|window| window == b"canary"), "{format:?}");
    }
    let mut comment = encoded(30, 20, ImageFormat::Jpeg);
    comment.splice(2..2, [&[0xff, 0xfe, 0, 40][..], &script[..38]].concat());
    assert!(!served(&server, &comment).windows(6).any(|window| window == b"canary"));
}

#[test]
fn the_content_decides_and_not_the_name() {
    let server = Server::start();
    for file in [
        &b""[..],
        b"x",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"<?xml version=\"1.0\"?><svg/>",
        b"<html></html>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"BM\x46\0\0\0",
        b"II*\0\x08\0\0\0",
        b"\0\0\x01\0\x01\0",
        b"\0\0\0\x1cftypavif",
        b"#!/bin/sh",
        &[0; 100],
        b"\x7fELF",
        b"RIFF\0\0\0\0WAVE",
        b"P6 1 1 255\nxxx",
    ] {
        refuses(&server, file, NO_PICTURE);
    }
    // `file` calls everything `picture.png`, of a type that says nothing.
    served(&server, &encoded(3, 2, ImageFormat::WebP));
}

#[test]
fn a_picture_that_is_cut_or_damaged_is_refused() {
    let server = Server::start();
    let before = server.everything_stored();
    for format in FORMATS {
        let whole = encoded(300, 200, format);
        for length in [12, 20, 30, whole.len() / 3, whole.len() / 2, whole.len() * 3 / 4] {
            if length < whole.len() {
                refuses(&server, &whole[..length], DAMAGED);
            }
        }
    }
    let mut damaged = png(300, 200);
    let place = damaged.windows(4).position(|window| window == b"IDAT").unwrap() + 12;
    damaged[place..place + 8].fill(0xff);
    refuses(&server, &damaged, DAMAGED);
    refuses(&server, b"\x89PNG\r\n\x1a\n", DAMAGED);
    refuses(&server, b"GIF89a", DAMAGED);
    refuses(&server, b"\xff\xd8\xff\xd9", DAMAGED);
    refuses(&server, b"RIFF\x04\0\0\0WEBP", DAMAGED);
    assert_eq!(server.everything_stored(), before);
}

/// A PNG whose header tells another size.
fn png_that_says(width: u32, height: u32) -> Vec<u8> {
    let mut png = png(3, 2);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&sum);
    png
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

#[test]
fn a_header_that_says_too_many_pixels_is_enough() {
    let server = Server::start();
    let before = server.everything_stored();
    for (width, height) in [(4_097, 4_096), (100_000, 1), (1, 100_000), (50_000, 50_000), (0x7fff_ffff, 0x7fff_ffff)] {
        refuses(&server, &png_that_says(width, height), TOO_MANY);
    }
    // As large as allowed, but the pixels are missing.
    refuses(&server, &png_that_says(4_096, 4_096), DAMAGED);
    refuses(&server, &png_that_says(0, 5), DAMAGED);
    let mut gif = encoded(3, 2, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    refuses(&server, &gif, TOO_MANY);
    let mut jpeg = encoded(3, 2, ImageFormat::Jpeg);
    let start = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap();
    jpeg[start + 5..start + 9].copy_from_slice(&[0xff; 4]);
    refuses(&server, &jpeg, TOO_MANY);
    assert_eq!(server.everything_stored(), before);
}

#[test]
fn of_an_animation_the_first_picture_is_taken() {
    use image::Frame;
    use image::codecs::gif::GifEncoder;
    let server = Server::start();
    let frame = |colour| Frame::new(RgbaImage::from_pixel(20, 20, Rgba(colour)));
    let mut gif = Vec::new();
    let frames = [[220, 20, 20, 255], [20, 20, 220, 255]].map(frame);
    GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    assert_eq!(colour(&stored(&server, &gif), 9, 9), "red");
}
