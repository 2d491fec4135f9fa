// The right to watch a transfer, and where a fresh one comes from.

import Foundation

/// The right to watch one transfer, for anyone who holds it. It is not printed.
public struct Signature: Sendable, Hashable {
    /// The last second in which it is valid, where that is known: the watch then asks for another in time.
    public let expiry: Date?

    let text: String

    /// A signature as the backend made it.
    public init(_ text: String, expiry: Date? = nil) {
        self.text = text
        self.expiry = expiry
    }

    /// The signature's text. Keep it out of logs.
    public func expose() -> String { text }

    /// The expiry in seconds since 1970. A date out of any calendar is as near as can be.
    var expirySecond: UInt64? {
        guard let seconds = expiry?.timeIntervalSince1970.rounded(.down) else { return nil }
        return seconds > 0 ? UInt64(exactly: seconds) ?? UInt64.max : 0
    }
}

extension Signature: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Gets a fresh signature for the transfer with a name, from the app's backend as a rule.
///
/// ```swift
/// let watch = try client.watch(code) { transferID, _ in try await backend.signature(for: transferID) }
/// ```
///
/// It may take as long as it needs, and its task is cancelled when the watch has no more use for the answer. When it throws,
/// it is asked again after a while, and the error's description is the cause in ``Problem/Kind/signatureRefresh(cause:)``;
/// when it throws ``SignatureRefused``, the watch ends.
public typealias SignatureSource = @Sendable (_ transferID: String, _ reason: RefreshReason) async throws -> Signature

/// Why a fresh signature is asked for.
public enum RefreshReason: Sendable, Hashable {
    /// The watch began with none.
    case missing
    /// The one at hand has expired.
    case expired
}

/// There is no signature any more (the payment was called off, say): asking again is pointless.
public struct SignatureRefused: Error, Sendable, Hashable {
    /// Why, for a log.
    public let message: String

    /// A refusal with its cause.
    public init(_ message: String = "there is no signature any more") {
        self.message = message
    }
}
