// What the command line and the environment say.

import Foundation

struct Options {
    static let usage = """
        usage: scanner [--bank PROGRAM --amount AMOUNT] [--picture FILE]
          the code's payload comes on stdin, unless a picture of it is given
          environment: TRANSFER_STATUS_URL (default http://127.0.0.1:8787)
        """

    var url = ProcessInfo.processInfo.environment["TRANSFER_STATUS_URL"] ?? "http://127.0.0.1:8787"
    var bank: String?
    var amount: String?
    var picture: String?

    init(_ words: [String]) throws {
        var words = words[...]
        while let word = words.popFirst() {
            guard let value = words.popFirst() else { throw Failure(Self.usage) }
            switch word {
            case "--bank": bank = value
            case "--amount": amount = value
            case "--picture": picture = value
            default: throw Failure(Self.usage)
            }
        }
        guard (bank == nil) == (amount == nil) else { throw Failure("give --bank and --amount together") }
    }
}

/// Why the scanner did not begin.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
