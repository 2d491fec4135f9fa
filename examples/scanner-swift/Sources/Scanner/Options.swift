// What the command line says.

import Foundation

struct Options {
    static let usage = """
        usage: scanner --service URL [--pay AMOUNT --bank PROGRAM] (PAYLOAD | - | --picture FILE)
          PAYLOAD           what the code says: https://…/t/…#…; - reads it from stdin
          --picture FILE    a picture with the code in it, PNG or JPEG
          --service URL     the status service, such as https://status.example.com
          --pay AMOUNT      lets the bank carry the payment out, as `PROGRAM <transfer id> <amount>`
        exit status 0 when the payment has completed, 1 when it has not, 2 when it could not be followed
        """

    /// Where the code is.
    enum Source: Equatable {
        case payload(String)
        case standardInput
        case picture(String)
    }

    let service: String
    let source: Source
    /// What to pay, and the program that does.
    let payment: (amount: String, bank: String)?

    init(_ words: [String]) throws {
        var words = words[...]
        var options: [String: String] = [:]
        var sources: [Source] = []
        while let word = words.popFirst() {
            switch word {
            case "-": sources.append(.standardInput)
            case "--service", "--picture", "--pay", "--bank":
                guard let value = words.popFirst() else { throw Failure("\(word) needs a value\n\(Self.usage)") }
                options[word] = value
            case let word where word.hasPrefix("--"): throw Failure("unknown option \(word)\n\(Self.usage)")
            default: sources.append(.payload(word))
            }
        }
        if let picture = options["--picture"] { sources.append(.picture(picture)) }
        guard let source = sources.first, sources.count == 1 else {
            throw Failure("give one payload, or one picture\n\(Self.usage)")
        }
        guard let service = options["--service"] else { throw Failure("--service is missing\n\(Self.usage)") }
        switch (options["--pay"], options["--bank"]) {
        case (let amount?, let bank?): payment = (amount, bank)
        case (nil, nil): payment = nil
        default: throw Failure("--pay and --bank belong together\n\(Self.usage)")
        }
        self.service = service
        self.source = source
    }
}

/// Why the scanner did not begin.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
