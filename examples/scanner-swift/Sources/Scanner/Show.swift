// What the phone shows: a line for each thing that has changed.

import TransferStatus

/// What of `after` is not as it was `before`.
func difference(from before: TransferState?, to after: TransferState) -> [String] {
    var lines: [String] = []
    if let transfer = after.transfer, transfer != before?.transfer { lines.append(line(transfer)) }
    if after.connection != before?.connection { lines.append(line(after.connection)) }
    if let problem = after.problem, problem.kind != before?.problem?.kind { lines.append("problem: \(problem)") }
    return lines
}

private func line(_ transfer: Transfer) -> String {
    var words = ["payment: \(transfer.status.name)"]
    if let version = transfer.version { words.append("version \(version)") }
    if let amount = transfer.amount { words.append("amount \(amount.text)") }
    if let message = transfer.message { words.append(printable(message)) }
    return words.joined(separator: ", ")
}

private func line(_ connection: TransferState.Connection) -> String {
    switch connection {
    case .connecting: "connecting"
    case .live: "live"
    case .reconnecting: "reconnecting"
    case .polling: "asking every few seconds"
    }
}

/// A message comes from outside, and a terminal obeys control characters.
private func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
}
