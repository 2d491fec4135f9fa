// Reads a payment's code: its text, or a picture of it.

import Foundation
import TransferStatus

func readCode(_ source: Options.Source) throws -> QRPayload {
    switch source {
    case .payload(let text): return try QRPayload(text)
    case .picture(let file): return try QRPayload(readPicture(file))
    case .standardInput:
        guard let line = readLine() else { throw Failure("no payload came on stdin") }
        return try QRPayload(line.trimmingCharacters(in: .whitespaces))
    }
}
