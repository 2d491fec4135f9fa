// The customer's bank: a program of its own, told what to pay.

import Foundation

/// A payment that the bank carries out.
struct Bank {
    private let process = Process()

    /// Begins to pay.
    init(_ program: String, transferID: String, amount: String) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [transferID, amount]
        // What it says is not the scanner's.
        process.standardOutput = FileHandle.standardError
        try process.run()
    }

    /// Whether it paid, once it has ended.
    func paid() -> Bool {
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
