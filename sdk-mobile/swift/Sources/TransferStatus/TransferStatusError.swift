// Why a call failed, to switch over.

public import Foundation
internal import TransferStatusBindings

/// Why a call failed. The text says what is wrong and what to do, and holds no secret.
public enum TransferStatusError: Error, Sendable, Hashable {
    /// The service's address cannot be right, or is plain text to a public host.
    case invalidURL(String)
    /// Not the name of a transfer.
    case invalidTransferID(String)
    /// Not a signature.
    case invalidSignature(String)
    /// Not a payment's code.
    case invalidQR(QRPart, String)
    /// Not the answer of `create-transfer-request`.
    case invalidRequest(String)
    /// The authorities to trust cannot be used.
    case invalidTrust(String)
    /// The client was closed.
    case closed
    /// The call's task was cancelled.
    case cancelled
    /// The service refused the signature.
    case unauthorized(String)
    /// The signature has expired.
    case expired(String)
    /// The service does not allow it.
    case forbidden(String)
    /// Too many requests; the service asked to wait so many seconds.
    case rateLimited(retryAfter: TimeInterval?, String)
    /// The service cannot serve now: the HTTP status, and the seconds to wait where it told.
    case unavailable(status: UInt16, retryAfter: TimeInterval?, String)
    /// No answer of the service came, because of what stands in between.
    case unreachable(Problem.Kind, String)
    /// An answer that the service does not give, with the HTTP status where there was one.
    case unexpectedAnswer(status: UInt16?, String)
    /// What the environment says of a proxy cannot be used.
    case invalidProxy(String)
    /// The system gave no thread.
    case system(String)
    /// The library failed inside, which is a bug of it.
    case failed(String)

    /// The parts of a payment's code.
    public enum QRPart: Sendable, Hashable {
        /// The whole: it is too long for a code.
        case length
        /// The page, which is no address that a code may lead to.
        case page
        /// The transfer's name.
        case transferID
        /// The signature.
        case signature
    }
}

extension TransferStatusError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidURL(let reason), .invalidTransferID(let reason), .invalidSignature(let reason),
            .invalidQR(_, let reason), .invalidRequest(let reason), .invalidTrust(let reason),
            .unauthorized(let reason), .expired(let reason), .forbidden(let reason), .rateLimited(_, let reason),
            .unavailable(_, _, let reason), .unreachable(_, let reason), .unexpectedAnswer(_, let reason),
            .invalidProxy(let reason), .system(let reason):
            reason
        case .closed: "used after it was closed; make a new one"
        case .cancelled: "the call was cancelled"
        case .failed(let reason): "the client failed inside, which is a bug of it: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}

extension TransferStatusError {
    /// What came over the border, as one of ours.
    package init(crossing error: any Error) {
        guard let error = error as? FfiError else {
            // The generated code's own: a panic that was not caught, or a library that it does not fit.
            self = .failed(String(describing: error))
            return
        }
        self = switch error {
        case .InvalidUrl(let reason): .invalidURL(reason)
        case .InvalidTransferId(let reason): .invalidTransferID(reason)
        case .InvalidSignature(let reason): .invalidSignature(reason)
        case .InvalidQr(let fault, let reason): .invalidQR(QRPart(fault), reason)
        case .InvalidRequest(let reason): .invalidRequest(reason)
        case .InvalidRoots(let reason): .invalidTrust(reason)
        case .Closed: .closed
        case .Cancelled: .cancelled
        case .Unauthorized(let reason): .unauthorized(reason)
        case .Expired(let reason): .expired(reason)
        case .Forbidden(let reason): .forbidden(reason)
        case .RateLimited(let millis, let reason): .rateLimited(retryAfter: millis.map(seconds), reason)
        case .Unavailable(let status, let millis, let reason):
            .unavailable(status: status, retryAfter: millis.map(seconds), reason)
        case .Unreachable(let kind, let reason): .unreachable(Problem.Kind(kind), reason)
        case .UnexpectedAnswer(let status, let reason): .unexpectedAnswer(status: status, reason)
        case .InvalidProxy(let reason): .invalidProxy(reason)
        case .System(let reason): .system(reason)
        case .Panicked(let reason): .failed(reason)
        }
    }
}

private func seconds(_ millis: UInt64) -> TimeInterval { TimeInterval(millis) / 1000 }

extension TransferStatusError.QRPart {
    fileprivate init(_ fault: FfiQrFault) {
        self = switch fault {
        case .tooLong: .length
        case .page: .page
        case .transferId: .transferID
        case .signature: .signature
        }
    }
}

/// Does `work` on the other side of the border; what it throws is one of ours.
package func translated<T>(_ work: () throws -> T) throws(TransferStatusError) -> T {
    do {
        return try work()
    } catch {
        throw TransferStatusError(crossing: error)
    }
}
