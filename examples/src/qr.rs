//! A QR code as text for a terminal, and the camera that reads it back.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use thiserror::Error;
use transfer_status::QrPayload;

/// Pixels that the camera sees of one module, to each side.
const PIXELS: usize = 4;

/// Why a code cannot be drawn or read. It never repeats what the code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QrError {
    /// More text than a QR code holds.
    #[error("the text does not fit a QR code; it holds up to 2,953 bytes")]
    TooLong,
    /// The picture is not one that [`draw`] makes.
    #[error("the picture is not made of half blocks")]
    NotADrawing,
    /// No code in the picture, or one that is damaged.
    #[error("there is no readable QR code in the picture")]
    Unreadable,
    /// A code that says something else.
    #[error("the QR code is not that of a transfer")]
    NotATransfer,
}

/// Draws a code for a terminal, two modules a character. A block is light: show it bright on dark.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn draw(payload: &QrPayload) -> Result<String, QrError> {
    let code =
        QrCode::with_error_correction_level(payload.to_string(), EcLevel::L).map_err(|_| QrError::TooLong)?;
    // A terminal is dark where nothing is drawn.
    Ok(code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build())
}

/// Reads a drawing as a phone's camera does: from its pixels alone.
///
/// # Errors
/// [`QrError`] when the drawing shows no code, or that of something else.
pub fn scan(drawing: &str) -> Result<QrPayload, QrError> {
    let picture = Picture::of(drawing)?;
    let (width, height) = picture.size();
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| picture.brightness(x, y));
    let grids = image.detect_grids();
    let (_, text) = grids
        .first()
        .ok_or(QrError::Unreadable)?
        .decode()
        .map_err(|_| QrError::Unreadable)?;
    text.parse().map_err(|_| QrError::NotATransfer)
}

/// Rows of modules; true is light.
struct Picture(Vec<Vec<bool>>);

impl Picture {
    fn of(drawing: &str) -> Result<Self, QrError> {
        let mut rows = Vec::new();
        for line in drawing.lines() {
            let halves = line.chars().map(|block| match block {
                '█' => Ok((true, true)),
                '▀' => Ok((true, false)),
                '▄' => Ok((false, true)),
                ' ' => Ok((false, false)),
                _ => Err(QrError::NotADrawing),
            });
            let (upper, lower) = halves.collect::<Result<(Vec<_>, Vec<_>), _>>()?;
            rows.extend([upper, lower]);
        }
        Ok(Self(rows))
    }

    /// Width and height in pixels.
    fn size(&self) -> (usize, usize) {
        (self.0.first().map_or(0, Vec::len) * PIXELS, self.0.len() * PIXELS)
    }

    fn brightness(&self, x: usize, y: usize) -> u8 {
        let light = self
            .0
            .get(y / PIXELS)
            .and_then(|row| row.get(x / PIXELS))
            .copied()
            .unwrap_or(false);
        if light { u8::MAX } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use transfer_status::{Key, Minter};

    use super::*;

    fn payload(id: &str, merchant_id: &str) -> QrPayload {
        let minter = Minter::new(Key::new("test-secret").unwrap());
        let request = minter
            .mint(id.parse().unwrap(), merchant_id, Duration::from_secs(60))
            .unwrap();
        QrPayload::new(
            "https://pay.example/checkout",
            request.transfer_request_id,
            request.signature,
        )
        .unwrap()
    }

    #[test]
    fn a_phone_reads_what_the_terminal_shows() {
        for (id, merchant_id) in [
            ("t", "m"),
            ("order-1042", "merchant-7"),
            ("a.b_c~d:e-f", "Zażółć ✓"),
            (&"9".repeat(128), &"m".repeat(128)),
        ] {
            let shown = payload(id, merchant_id);
            let read = scan(&draw(&shown).unwrap()).unwrap();
            assert_eq!(read.to_string(), shown.to_string());
        }
    }

    #[test]
    fn a_drawing_that_is_covered_or_none_is_refused() {
        let drawing = draw(&payload("order-1042", "merchant-7")).unwrap();
        let upper_half: String = drawing
            .lines()
            .take(drawing.lines().count() / 2)
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(scan(&upper_half).unwrap_err(), QrError::Unreadable);
        assert_eq!(scan("").unwrap_err(), QrError::Unreadable);
        assert_eq!(scan("a cat").unwrap_err(), QrError::NotADrawing);
    }

    #[test]
    fn a_code_of_something_else_is_not_taken_for_a_transfer() {
        let code = QrCode::new("https://example.com/menu").unwrap();
        let drawing = code
            .render::<Dense1x2>()
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .build();
        assert_eq!(scan(&drawing).unwrap_err(), QrError::NotATransfer);
    }
}
