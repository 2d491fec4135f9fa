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
        let code = try readCode(options)
        let client = try TransferStatusClient(url: options.url)
        print("scanned \(code.transferID)")

        let watch = try client.watch(code)
        do {
            try await client.reportScan(code)
            print("told the page")
        } catch {
            // The page does without, and the watch goes on trying or tells its end.
            print("the page was not told: \(error)")
        }
        var bank: Bank?
        if let program = options.bank, let amount = options.amount {
            bank = try Bank(program, transferID: code.transferID, amount: amount)
        }

        var told = Told()
        for try await state in watch { told.tell(state) }
        if let bank, !bank.paid() { print("the bank has failed") }
        return told.isCompleted
    }
}

/// Prints what has changed from one state to the next.
struct Told {
    private var last: TransferState?
    var isCompleted: Bool { last?.end == .finalStatus && last?.transfer?.status == .completed }

    mutating func tell(_ state: TransferState) {
        if let transfer = state.transfer, transfer != last?.transfer {
            let words = [transfer.status.name, transfer.amount?.text, transfer.message].compactMap { $0 }
            print(words.joined(separator: ", "))
        }
        if let problem = state.problem, problem.kind != last?.problem?.kind { print("trouble: \(problem)") }
        if state.scan != last?.scan, let scan = state.scan {
            print(scan.scanned ? "the code was scanned" : "the scan was taken back")
        }
        switch state.end {
        case .finalStatus?: print("done")
        case .refused(_, let message)?, .signatureRefused(let message)?, .stopped(let message)?: print("ended: \(message)")
        case .closed?: print("closed")
        case nil: break
        }
        last = state
    }
}
