// A payment as it stands.

import Foundation

/// A payment as it stands.
public struct Transfer: Sendable, Hashable, Identifiable {
    /// Its name.
    public let id: String
    /// Where it stands.
    public let status: Status
    /// Nothing follows after this one.
    public let isFinal: Bool
    /// A text for people.
    public let message: String?
    /// How much; the currency is the backend's matter.
    public let amount: Amount?
    /// Who receives.
    public let merchantID: String?
    /// Who pays.
    public let customerID: String?
    /// When it last changed, to the millisecond.
    public let updatedAt: Date
    /// What the backend attached: a JSON object as it was sent.
    public let metadataJSON: String?
    /// 1 for the first update, 0 for "announced, nothing reported yet"; `nil` from a service that counts none.
    public let version: UInt64?

    /// Where a payment stands: `pending`, then `processing`, then one of the final three.
    public enum Status: Sendable, Hashable {
        /// Nothing has happened yet.
        case pending
        /// Under way.
        case processing
        /// Paid; final.
        case completed
        /// Failed; final.
        case failed
        /// Called off; final.
        case cancelled
        /// One that this version does not know, by its name.
        case other(String)

        /// The name on the wire.
        public var name: String {
            switch self {
            case .pending: "pending"
            case .processing: "processing"
            case .completed: "completed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .other(let name): name
            }
        }
    }
}

/// A decimal number, with every digit as the backend wrote it.
public struct Amount: Sendable, Hashable, CustomStringConvertible {
    /// The number as it was sent, such as `12.50` or `1e3`.
    public let text: String

    public var description: String { text }

    /// The same number, exact; `nil` where it has more digits than a `Decimal` holds, or a greater exponent.
    public var decimal: Decimal? {
        let parts = text.split(whereSeparator: { $0 == "e" || $0 == "E" })
        guard let written = parts.first, parts.count < 2 || Int(parts[1]) != nil else { return nil }
        let digits = written.filter(\.isNumber).drop { $0 == "0" }
        if digits.isEmpty { return 0 }
        let fraction = written.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count ?? 0
        let exponent = (parts.count == 2 ? Int(parts[1]) ?? 0 : 0).subtractingReportingOverflow(fraction)
        guard !exponent.overflow, digits.count <= 38, (-127...127).contains(exponent.partialValue) else { return nil }
        // The locale decides on the sign before the fraction.
        guard let whole = Decimal(string: String(digits), locale: Locale(identifier: "en_US_POSIX")) else { return nil }
        return Decimal(sign: written.hasPrefix("-") ? .minus : .plus, exponent: exponent.partialValue, significand: whole)
    }
}
