// A picture's shades of grey, out of a PNG or JPEG file: where the system does not do it, by libpng and libturbojpeg.
#if !canImport(CoreImage)

import CPNG
import CTurboJPEG
import Foundation

/// A picture in which each pixel is a byte, from black (0) to white (255), row by row.
struct Grey {
    enum Failure: Error {
        /// Not a picture of a kind that is known, or not all of one.
        case damaged
        /// More than ``mostPixels``.
        case tooLarge
    }

    let width: Int
    let height: Int
    let shades: [UInt8]

    init(_ file: Data) throws(Failure) {
        let read = [UInt8](file).withUnsafeBufferPointer { bytes in
            Result { () throws(Failure) in
                try bytes.starts(with: [0xFF, 0xD8]) ? Self(jpeg: bytes) : Self(png: bytes)
            }
        }
        self = try read.get()
    }

    private init(png file: UnsafeBufferPointer<UInt8>) throws(Failure) {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        defer { png_image_free(&image) }
        guard png_image_begin_read_from_memory(&image, file.baseAddress, file.count) != 0 else { throw .damaged }
        var shades = try Self.paper(image.width, image.height)
        image.format = png_uint_32(PNG_FORMAT_GRAY)
        // No background: what is clear shows the paper.
        guard png_image_finish_read(&image, nil, &shades, 0, nil) != 0 else { throw .damaged }
        self.init(width: Int(image.width), height: Int(image.height), shades: shades)
    }

    private init(jpeg file: UnsafeBufferPointer<UInt8>) throws(Failure) {
        guard let reader = tjInitDecompress() else { throw .damaged }
        defer { tjDestroy(reader) }
        var (width, height, sampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        let (bytes, size) = (file.baseAddress, UInt(file.count))
        guard tjDecompressHeader3(reader, bytes, size, &width, &height, &sampling, &colours) == 0 else { throw .damaged }
        var shades = try Self.paper(UInt32(width), UInt32(height))
        // Without a limit, a small file of a great many scans takes minutes.
        let read = tjDecompress2(
            reader, bytes, size, &shades, width, 0, height, Int32(TJPF_GRAY.rawValue), TJFLAG_LIMITSCANS)
        guard read == 0 else { throw .damaged }
        self.init(width: Int(width), height: Int(height), shades: shades)
    }

    private init(width: Int, height: Int, shades: [UInt8]) {
        (self.width, self.height, self.shades) = (width, height, shades)
    }

    /// White, and of that size.
    private static func paper(_ width: UInt32, _ height: UInt32) throws(Failure) -> [UInt8] {
        let (pixels, overflows) = Int(width).multipliedReportingOverflow(by: Int(height))
        guard !overflows, pixels <= mostPixels else { throw .tooLarge }
        guard pixels > 0 else { throw .damaged }
        return [UInt8](repeating: 255, count: pixels)
    }
}

#endif
