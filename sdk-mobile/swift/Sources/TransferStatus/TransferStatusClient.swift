// The client of one service: what an app makes once, and watches payments with.

import Foundation
package import TransferStatusBindings

/// Follows payments of one service, live.
///
/// ```swift
/// let client = try TransferStatusClient(url: "https://status.example.com")
/// for try await state in try client.watch(QRPayload(scanned)) {
///     show(state.transfer, state.connection, state.problem)
/// }
/// ```
///
/// A watch reconnects by itself: with backoff, over a dead link, through deploys of the service, and by HTTP polling where
/// sockets do not get through. Each version of a payment is shown at most once, never an older one after a newer one, and
/// the final one always.
///
/// Tell it what the phone knows: ``backgrounded()`` and ``foregrounded()``, ``networkLost()``, ``networkAvailable()`` and
/// ``networkChanged()``; `transferStatusHints(_:)` for a scene and `NetworkPathHints` do so by themselves.
///
/// All clients of a process share one native thread, which goes when the last one is closed or freed. Safe for use from any
/// task and thread.
public final class TransferStatusClient: Sendable {
    private let border: FfiClient
    /// What `transferStatusHints(_:)` knows of the app's windows.
    package let scenes = ScenesInFront()

    /// A client of the service at an address. It does nothing until something is watched.
    ///
    /// - Parameters:
    ///   - url: the service's address, such as `https://status.example.com`
    ///   - allowsPlainText: allows `http://` and `ws://` beyond this machine and private networks
    ///   - trust: the certificates of the authorities to trust, DER-encoded; `nil` for those of the platform
    /// - Throws: ``TransferStatusError/invalidURL(_:)`` when the address cannot be right or is plain text to a public host,
    ///   ``TransferStatusError/invalidTrust(_:)``, ``TransferStatusError/system(_:)``.
    public convenience init(
        url: String,
        allowsPlainText: Bool = false,
        trust: [Data]? = nil
    ) throws(TransferStatusError) {
        let options = FfiClientOptions(url: url, allowPlainText: allowsPlainText, roots: trust)
        self.init(border: try translated { try FfiClient(options: options) })
    }

    package init(border: FfiClient) {
        self.border = border
    }

    /// Watches the transfer of a scanned code.
    ///
    /// The watch begins at once and goes on for as long as somebody holds or iterates it.
    ///
    /// - Parameter freshSignature: where signatures come from when the code's has expired; without it the watch ends then
    /// - Throws: ``TransferStatusError/closed`` after ``close()``.
    public func watch(
        _ code: QRPayload,
        freshSignature: SignatureSource? = nil
    ) throws(TransferStatusError) -> TransferWatch {
        try watch(transferID: code.transferID, signature: code.signature, freshSignature: freshSignature)
    }

    /// Watches the transfer of a request that the app's own backend has made. As for a code.
    public func watch(
        _ request: TransferRequest,
        freshSignature: SignatureSource? = nil
    ) throws(TransferStatusError) -> TransferWatch {
        try watch(transferID: request.transferID, signature: request.signature, freshSignature: freshSignature)
    }

    /// Watches the transfer with a name. As for a code; without a signature the watch begins by asking for one.
    ///
    /// - Throws: ``TransferStatusError/invalidTransferID(_:)``, ``TransferStatusError/invalidSignature(_:)``,
    ///   ``TransferStatusError/closed``.
    public func watch(
        transferID: String,
        signature: Signature? = nil,
        freshSignature: SignatureSource? = nil
    ) throws(TransferStatusError) -> TransferWatch {
        let target = FfiTarget(
            transferId: transferID,
            signature: signature?.text,
            expiry: signature?.expirySecond,
            refresh: freshSignature != nil
        )
        let watch = try translated { try border.watch(target: target) }
        return TransferWatch(border: watch, transferID: transferID, source: freshSignature)
    }

    /// The transfer as it stands, in one request; one that nobody has reported yet is pending, with version 0.
    ///
    /// - Throws: ``TransferStatusError``, by what was wrong with the request, the answer or the way there;
    ///   ``TransferStatusError/cancelled`` when the task is cancelled.
    public func get(transferID: String, signature: Signature) async throws(TransferStatusError) -> Transfer {
        Transfer(
            try await cancellable { [border] cancel in
                try await border.get(transferId: transferID, signature: signature.text, cancel: cancel)
            }
        )
    }

    /// Tells whoever watches the transfer that its code was scanned, or that the scan was taken back. As ``get``.
    public func reportScan(_ code: QRPayload, scanned: Bool = true) async throws(TransferStatusError) {
        try await reportScan(transferID: code.transferID, signature: code.signature, scanned: scanned)
    }

    /// Tells whoever watches the transfer with a name that its code was scanned. As for a code.
    public func reportScan(
        transferID: String,
        signature: Signature,
        scanned: Bool = true
    ) async throws(TransferStatusError) {
        try await cancellable { [border] cancel in
            try await border.reportScan(
                transferId: transferID, signature: signature.text, scanned: scanned, cancel: cancel)
        }
    }

    /// Ends all watches of this client, each with ``WatchEnd/closed``, and frees what it holds. A second call does nothing.
    public func close() {
        // Closing what is closed is no error, and a client that failed inside holds nothing.
        try? border.close()
    }

    /// The app is in front again: whatever rests connects, and what is connected is probed.
    ///
    /// - Throws: ``TransferStatusError/closed``, as every hint does after ``close()``.
    public func foregrounded() throws(TransferStatusError) { try hint(.foreground) }

    /// The app goes to the background: its watches drop their sockets and rest, with no timer left, until it is back.
    public func backgrounded() throws(TransferStatusError) { try hint(.suspend) }

    /// The process runs again after it was frozen. As ``foregrounded()``.
    public func resumed() throws(TransferStatusError) { try hint(.resume) }

    /// The screen is seen again. As ``foregrounded()``.
    public func visible() throws(TransferStatusError) { try hint(.visible) }

    /// Another network carries now: Wi-Fi in place of mobile data, say.
    public func networkChanged() throws(TransferStatusError) { try hint(.networkChanged) }

    /// There is no network, as far as the system knows. It stops nothing: systems err.
    public func networkLost() throws(TransferStatusError) { try hint(.offline) }

    /// There is a network again.
    public func networkAvailable() throws(TransferStatusError) { try hint(.online) }

    private func hint(_ hint: FfiHint) throws(TransferStatusError) {
        try translated { try border.hint(hint: hint) }
    }
}
