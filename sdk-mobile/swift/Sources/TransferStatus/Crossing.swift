// Records of the border, as values of this module.

import Foundation
internal import TransferStatusBindings

extension TransferState {
    init(_ snapshot: FfiSnapshot) {
        transfer = snapshot.transfer.map(Transfer.init)
        connection = Connection(snapshot.connection)
        scan = snapshot.scan.map { Scan(scanned: $0.scanned, at: Date(millis: $0.atMillis)) }
        problem = snapshot.problem.map(Problem.init)
        end = snapshot.end.map(WatchEnd.init)
    }
}

extension Transfer {
    init(_ transfer: FfiTransfer) {
        id = transfer.id
        status = Status(transfer.status, name: transfer.statusName)
        isFinal = transfer.isFinal
        message = transfer.message
        amount = transfer.amount.map(Amount.init)
        merchantID = transfer.merchantId
        customerID = transfer.customerId
        updatedAt = Date(millis: transfer.updatedAtMillis)
        metadataJSON = transfer.metadata
        version = transfer.version
    }
}

extension Transfer.Status {
    fileprivate init(_ status: FfiStatus, name: String) {
        self = switch status {
        case .pending: .pending
        case .processing: .processing
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        case .other: .other(name)
        }
    }
}

extension TransferState.Connection {
    fileprivate init(_ connection: FfiConnection) {
        self = switch connection {
        case .connecting: .connecting
        case .live: .live
        case .reconnecting: .reconnecting
        case .polling: .polling
        }
    }
}

extension WatchEnd {
    fileprivate init(_ end: FfiEnd) {
        self = switch end {
        case .finalStatus: .finalStatus
        case .refused(let code, let text): .refused(code: code, message: text)
        case .signatureRefused(let text): .signatureRefused(message: text)
        case .closed: .closed
        case .stopped(let text): .stopped(message: text)
        }
    }
}

extension Problem {
    fileprivate init(_ problem: FfiProblem) {
        kind = Kind(problem.kind)
        name = problem.name
        description = problem.text
        since = Date(millis: problem.sinceMillis)
        attempts = problem.attempts
        nextAttempt = problem.nextAttemptMillis.map(Date.init(millis:))
    }
}

extension Problem.Kind {
    init(_ kind: FfiProblemKind) {
        self = switch kind {
        case .dns: .dns
        case .connectionRefused: .connectionRefused
        case .unreachable: .unreachable
        case .timeout: .timeout
        case .certificate: .certificate
        case .tls: .tls
        case .redirect(let status): .redirect(status: status)
        case .http(let status): .http(status: status)
        case .notTheService: .notTheService
        case .socketClosed(let code): .socketClosed(code: code)
        case .malformed(let field): .malformed(field: field)
        case .tooManyWatchers: .tooManyWatchers
        case .signatureRefresh(let cause): .signatureRefresh(cause: cause)
        case .other: .other
        }
    }
}

extension WatchStatistics {
    init(_ stats: FfiStats) {
        dials = stats.dials
        failedDials = stats.failedDials
        reconnects = stats.reconnects
        frames = stats.frames
        polls = stats.polls
        failedPolls = stats.failedPolls
        refreshes = stats.refreshes
        firstStatusAfterMilliseconds = stats.firstStatusAfterMillis
    }
}

extension RefreshReason {
    init(_ reason: FfiReason) {
        self = switch reason {
        case .missing: .missing
        case .expired: .expired
        }
    }
}

extension Date {
    fileprivate init(millis: Int64) {
        self.init(timeIntervalSince1970: TimeInterval(millis) / 1000)
    }
}
