// Tells what has changed from one state of a watch to the next.

import Foundation
import TransferStatus

func tell(_ watch: TransferWatch, as name: String, to output: Output) async {
    let name = ("watch", JSON(name))
    var connection: TransferState.Connection?
    var transfer: Transfer?
    var scan: TransferState.Scan?
    var problem: Problem?
    do {
        for try await state in watch {
            if state.connection != connection, state.end == nil {
                connection = state.connection
                output.event("connection", name, ("state", JSON(state.connection.rawValue)))
            }
            // A problem is gone when a status has come: whoever hears of the status does not meet the problem any more.
            if state.problem != problem {
                problem = state.problem
                output.event("problem", [name] + members(of: state.problem))
            }
            if state.transfer != transfer, let shown = state.transfer {
                transfer = shown
                output.event("status", name, ("transfer", json(of: shown)))
            }
            if state.scan != scan, let told = state.scan {
                scan = told
                output.event("scan", name, ("scanned", JSON(told.scanned)), ("at", JSON(rfc3339(told.at))))
            }
            if let end = state.end { output.event("closed", [name] + members(of: end)) }
        }
    } catch {
        output.event("closed", name, ("outcome", "failed"), ("message", JSON("\(error)")))
    }
}

private func json(of transfer: Transfer) -> JSON {
    let members: [(String, JSON?)] = [
        ("id", JSON(transfer.id)),
        ("status", JSON(transfer.status.name)),
        ("message", transfer.message.map { JSON($0) }),
        ("amount", transfer.amount.map { JSON(raw: $0.text) }),
        ("merchantId", transfer.merchantID.map { JSON($0) }),
        ("customerId", transfer.customerID.map { JSON($0) }),
        ("updatedAt", JSON(rfc3339(transfer.updatedAt))),
        ("metadata", transfer.metadataJSON.map { JSON(raw: $0) }),
        ("version", transfer.version.map { JSON($0) }),
    ]
    return JSON(members.compactMap { name, value in value.map { (name, $0) } })
}

private func members(of problem: Problem?) -> [(String, JSON)] {
    guard let problem else { return [("kind", .null)] }
    var members: [(String, JSON)] = [
        ("kind", JSON(problem.name)),
        ("since", JSON(problem.since.timeIntervalSince1970)),
        ("attempts", JSON(problem.attempts)),
        ("nextIn", problem.nextAttempt.map { JSON($0.timeIntervalSinceNow) } ?? .null),
    ]
    switch problem.kind {
    case .redirect(let status?), .http(let status): members.append(("status", JSON(status)))
    case .socketClosed(let code): members.append(("code", JSON(code)))
    case .malformed(let field): members.append(("field", JSON(field)))
    case .signatureRefresh(let cause?): members.append(("cause", JSON(cause)))
    default: break
    }
    return members
}

private func members(of end: WatchEnd) -> [(String, JSON)] {
    switch end {
    case .finalStatus: [("outcome", "final")]
    case .closed: [("outcome", "user")]
    case .refused(let code, let message): [("outcome", "refused"), ("code", JSON(code)), ("message", JSON(message))]
    case .signatureRefused(let message): [("outcome", "no_signature"), ("message", JSON(message))]
    case .stopped(let message): [("outcome", "failed"), ("message", JSON(message))]
    }
}

/// To the millisecond, which is as exact as the date is.
private func rfc3339(_ date: Date) -> String {
    let millis = Int64((date.timeIntervalSince1970 * 1000).rounded())
    let second = Date(timeIntervalSince1970: TimeInterval((millis - millis.modulo(1000)) / 1000))
    let text = second.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: false))
    let fraction = String(millis.modulo(1000) + 1000).dropFirst()
    return "\(text).\(fraction)Z"
}

extension Int64 {
    fileprivate func modulo(_ divisor: Int64) -> Int64 { (self % divisor + divisor) % divisor }
}
