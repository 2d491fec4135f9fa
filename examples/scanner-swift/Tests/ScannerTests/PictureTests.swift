// The camera.

import Foundation
import Testing

@testable import scanner

@Suite struct PictureTests {
    /// What the camera sees of the checkout page, taken by a test of the page; the same for every scanner.
    private static let pictures = URL(fileURLWithPath: #filePath).appending(path: "../../../../pictures").standardized

    private static func text(_ form: String) throws -> String {
        try String(contentsOf: pictures.appending(path: "\(form).txt"), encoding: .utf8)
    }

    @Test(arguments: ["short", "long"], ["near.png", "far.png", "near.jpeg", "far.jpeg"])
    func theCodeOfTheCheckoutPageIsReadNearAndSharpFarAndBlurred(form: String, seen: String) throws {
        let file = Self.pictures.appending(path: "\(form)-\(seen)").path
        #expect(try readPicture(file) == Self.text(form))
    }

    @Test func aPictureInAFileIsWhatIsPaid() throws {
        let file = Self.pictures.appending(path: "short-near.png").path
        let options = try Options(["--service", "https://status.example.com", "--picture", file])
        let code = try readCode(options.source)
        #expect(try Self.text("short").contains("/t/\(code.transferID)#"))
    }

    @Test func aPictureWithNothingInItHasNoCode() throws {
        let blank = try Scratch(png(width: 64, height: 64, rows: Data(count: 64 * 65)))
        #expect(throws: PictureError.noCode(file: blank.path)) { try readPicture(blank.path) }
        #expect("\(PictureError.noCode(file: "a.png"))" == "there is no readable code in a.png")
    }

    @Test func aFileThatIsNoPictureSaysSo() throws {
        let page = try Data(contentsOf: Self.pictures.appending(path: "long-near.png"))
        let photo = try Data(contentsOf: Self.pictures.appending(path: "long-near.jpeg"))
        for bytes in [Data(), Data("no picture".utf8), page.prefix(200), photo.prefix(200), photo.prefix(2)] {
            let file = try Scratch(bytes)
            #expect(throws: PictureError.noPicture(file: file.path)) { try readPicture(file.path) }
        }
        #expect("\(PictureError.noPicture(file: "a.txt"))" == "a.txt is no picture that can be read; use PNG or JPEG")
    }

    @Test func aHugePictureIsRefusedBeforeItIsUnpacked() throws {
        // A few bytes that would unpack to ten thousand million pixels.
        let bomb = try Scratch(png(width: 100_000, height: 100_000, rows: Data(count: 100)))
        // The same as a photograph: a frame's header says 65,500 lines of 65,500 pixels.
        var photo = try Data(contentsOf: Self.pictures.appending(path: "long-near.jpeg"))
        let frame = try #require(photo.range(of: Data([0xFF, 0xC0]))).lowerBound
        photo.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        let large = try Scratch(photo)
        // Nothing is written: only the length is there.
        let long = try Scratch(Data())
        try FileHandle(forWritingTo: long.url).truncate(atOffset: UInt64(mostBytes) + 1)
        for file in [bomb, large, long] {
            #expect(throws: PictureError.tooLarge(file: file.path)) { try readPicture(file.path) }
        }
        #expect(
            "\(PictureError.tooLarge(file: "a.png"))"
                == "a.png is too large; give a picture of at most 32 MB and 50 megapixels")
    }

    @Test func aFileThatIsNotThereSaysSo() throws {
        let folder = FileManager.default.temporaryDirectory.path
        for file in ["\(folder)/missing-\(UUID()).png", folder] {
            #expect(throws: PictureError.unreadable(file: file)) { try readPicture(file) }
        }
        #expect("\(PictureError.unreadable(file: "a.png"))" == "a.png cannot be read; give the path of a picture")
    }
}

/// A file of a test's own, which goes with it.
private final class Scratch {
    let url = FileManager.default.temporaryDirectory.appending(path: "scanner-\(UUID()).png")
    var path: String { url.path }

    init(_ bytes: Data) throws { try bytes.write(to: url) }
    deinit { try? FileManager.default.removeItem(at: url) }
}

/// A PNG in grey; `rows` are the pixels, a zero byte before each row. They are stored as they are, without compression.
private func png(width: UInt32, height: UInt32, rows: Data) -> Data {
    func chunk(_ kind: String, _ content: Data) -> Data {
        let body = Data(kind.utf8) + content
        return bytes(UInt32(content.count)) + body + bytes(crc(body))
    }
    let length = UInt16(rows.count)
    let stored = Data([0x78, 0x01, 0x01]) + little(length) + little(~length) + rows + bytes(adler(rows))
    return Data([0x89]) + Data("PNG\r\n\u{1A}\n".utf8)
        + chunk("IHDR", bytes(width) + bytes(height) + Data([8, 0, 0, 0, 0]))
        + chunk("IDAT", stored) + chunk("IEND", Data())
}

private func bytes(_ number: UInt32) -> Data { withUnsafeBytes(of: number.bigEndian) { Data($0) } }
private func little(_ number: UInt16) -> Data { withUnsafeBytes(of: number.littleEndian) { Data($0) } }

private func crc(_ data: Data) -> UInt32 {
    ~data.reduce(~UInt32(0)) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
}

private func adler(_ data: Data) -> UInt32 {
    let (low, high) = data.reduce((UInt32(1), UInt32(0))) { sums, byte in
        let low = (sums.0 + UInt32(byte)) % 65521
        return (low, (sums.1 + low) % 65521)
    }
    return high << 16 | low
}
