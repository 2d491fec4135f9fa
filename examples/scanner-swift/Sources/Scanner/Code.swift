// Reads a payment's code: its text, or a picture where the system has a decoder.

import Foundation
import TransferStatus

#if canImport(CoreImage)
import CoreImage
#endif

func readCode(_ source: Options.Source) throws -> QRPayload {
    switch source {
    case .payload(let text): return try QRPayload(text)
    case .picture(let file): return try QRPayload(decode(file))
    case .standardInput:
        guard let line = readLine() else { throw Failure("no payload came on stdin") }
        return try QRPayload(line.trimmingCharacters(in: .whitespaces))
    }
}

private func decode(_ file: String) throws -> String {
    #if canImport(CoreImage)
    guard let picture = CIImage(contentsOf: URL(fileURLWithPath: file)) else { throw Failure("\(file) is no picture") }
    let detector = CIDetector(ofType: CIDetectorTypeQRCode, context: nil)
    let codes = detector?.features(in: picture).compactMap { ($0 as? CIQRCodeFeature)?.messageString } ?? []
    guard let text = codes.first else { throw Failure("there is no readable code in \(file)") }
    return text
    #else
    throw Failure("this system has no decoder for pictures; give what the code in \(file) says")
    #endif
}
