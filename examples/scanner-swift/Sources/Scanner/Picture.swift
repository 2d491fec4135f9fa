// The camera: the text of the code in a picture.

import Foundation

#if canImport(CoreImage)
import CoreImage
#else
import CZXing
#endif

/// Why a picture gave no code.
enum PictureError: Error, Equatable, CustomStringConvertible {
    /// The file is not there, or may not be read.
    case unreadable(file: String)
    /// The file is neither PNG nor JPEG, or is damaged.
    case noPicture(file: String)
    /// Larger than what is read, in bytes or in pixels: a few kilobytes of a picture can unpack to gigabytes.
    case tooLarge(file: String)
    /// There is no QR code in it, or none that can be made out.
    case noCode(file: String)

    var description: String {
        switch self {
        case .unreadable(let file): "\(file) cannot be read; give the path of a picture"
        case .noPicture(let file): "\(file) is no picture that can be read; use PNG or JPEG"
        case .tooLarge(let file):
            "\(file) is too large; give a picture of at most \(mostBytes / 1_000_000) MB and \(mostPixels / 1_000_000) megapixels"
        case .noCode(let file): "there is no readable code in \(file)"
        }
    }
}

/// The most bytes of a file, and the most pixels of a picture, that are read: those of a good camera.
let mostBytes = 32_000_000
let mostPixels = 50_000_000

/// What the code in the picture of `file` says.
func readPicture(_ file: String) throws(PictureError) -> String {
    let bytes = try contents(of: file)
    #if canImport(CoreImage)
    // Made out of the header alone until it is drawn.
    guard let picture = CIImage(data: bytes) else { throw .noPicture(file: file) }
    guard picture.extent.width * picture.extent.height <= CGFloat(mostPixels) else { throw .tooLarge(file: file) }
    let detector = CIDetector(ofType: CIDetectorTypeQRCode, context: nil)
    let codes = detector?.features(in: picture).compactMap { ($0 as? CIQRCodeFeature)?.messageString } ?? []
    guard let text = codes.first else { throw .noCode(file: file) }
    return text
    #else
    let picture: Grey
    do {
        picture = try Grey(bytes)
    } catch {
        switch error {
        case .damaged: throw .noPicture(file: file)
        case .tooLarge: throw .tooLarge(file: file)
        }
    }
    guard let text = decode(picture) else { throw .noCode(file: file) }
    return text
    #endif
}

private func contents(of file: String) throws(PictureError) -> Data {
    guard let handle = FileHandle(forReadingAtPath: file) else { throw .unreadable(file: file) }
    let bytes: Data
    do {
        // A byte more, so that a file that is too large is known without reading all of it. An empty one gives none.
        bytes = try handle.read(upToCount: mostBytes + 1) ?? Data()
    } catch {
        throw .unreadable(file: file)
    }
    guard bytes.count <= mostBytes else { throw .tooLarge(file: file) }
    return bytes
}

#if !canImport(CoreImage)
/// What the code in `picture` says; `nil` where there is none.
private func decode(_ picture: Grey) -> String? {
    let options = ZXing_ReaderOptions_new()
    defer { ZXing_ReaderOptions_delete(options) }
    ZXing_ReaderOptions_setFormats(options, ZXing_BarcodeFormat_QRCode)
    ZXing_ReaderOptions_setTextMode(options, ZXing_TextMode_Plain)
    return picture.shades.withUnsafeBufferPointer { shades in
        // It does not copy them.
        let view = ZXing_ImageView_new_checked(
            shades.baseAddress, Int32(shades.count), Int32(picture.width), Int32(picture.height), ZXing_ImageFormat_Lum, 0, 0)
        defer { ZXing_ImageView_delete(view) }
        guard let view, let codes = ZXing_ReadBarcodes(view, options) else { return nil }
        defer { ZXing_Barcodes_delete(codes) }
        guard ZXing_Barcodes_size(codes) > 0, let text = ZXing_Barcode_text(ZXing_Barcodes_at(codes, 0)) else { return nil }
        defer { ZXing_free(text) }
        return String(cString: text)
    }
}
#endif
