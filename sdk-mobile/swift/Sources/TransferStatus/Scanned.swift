// What begins a watch: a scanned code, or the answer of the app's backend.

import Foundation
internal import TransferStatusBindings

/// What a payment's QR code holds.
public struct QRPayload: Sendable, Hashable {
    /// The address of the page that shows the code, with no slash at its end.
    public let page: String
    /// The transfer to watch.
    public let transferID: String
    /// The right to watch it.
    public let signature: Signature

    /// Reads a scanned text, in the long or the short form.
    ///
    /// - Throws: ``TransferStatusError/invalidQR(_:_:)``, which never repeats the text.
    public init(_ text: String) throws(TransferStatusError) {
        let read = try translated { try readQr(text: text) }
        page = read.page
        transferID = read.transferId
        signature = Signature(read.signature)
    }
}

/// What `create-transfer-request` answers.
public struct TransferRequest: Sendable, Hashable {
    /// The transfer to watch.
    public let transferID: String
    /// Whose transfer it is.
    public let merchantID: String
    /// The right to watch it, which knows its expiry.
    public let signature: Signature

    /// Reads the answer's JSON as it came.
    ///
    /// - Throws: ``TransferStatusError/invalidRequest(_:)``, which never repeats the text.
    public init(json: String) throws(TransferStatusError) {
        let read = try translated { try readRequest(json: json) }
        transferID = read.transferId
        merchantID = read.merchantId
        signature = Signature(read.signature, expiry: Date(timeIntervalSince1970: TimeInterval(read.expiry)))
    }
}
