// The phone: reads a code, tells that it was scanned, has the bank pay, follows the payment to its end.

import Foundation
import TransferStatus

@main
struct Scanner {
    static func main() async {
        do {
            exit(try await run() ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("scanner: \(error)\n".utf8))
            exit(2)
        }
    }

    /// Whether the payment was completed.
    private static func run() async throws -> Bool {
        let options = try Options(Array(CommandLine.arguments.dropFirst()))
        let code = try readCode(options.source)
        tell("read: transfer \(code.transferID)")
        let client = try TransferStatusClient(url: options.service)
        let watch = try client.watch(code)
        do {
            try await client.reportScan(code)
            tell("reported the scan")
        } catch {
            // The page does without, and the watch goes on trying or tells its end.
            tell("the scan could not be reported: \(error)")
        }

        var bank: Bank?
        var shown: TransferState?
        for try await state in watch {
            difference(from: shown, to: state).forEach(tell)
            shown = state
            // Only a payment that can be followed is paid.
            if bank == nil, state.transfer != nil, let payment = options.payment {
                bank = try Bank(payment.bank, transferID: code.transferID, amount: payment.amount)
            }
        }
        if let bank, !bank.paid() { throw Failure("the bank did not carry the payment out") }
        switch shown?.end {
        case .finalStatus?: return shown?.transfer?.status == .completed
        case .refused(_, let message)?, .signatureRefused(let message)?, .stopped(let message)?: throw Failure(message)
        case .closed?, nil: throw Failure("the watch was closed")
        }
    }

    /// A line at once, whoever reads it: a pipe would have it wait for more.
    private static func tell(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
