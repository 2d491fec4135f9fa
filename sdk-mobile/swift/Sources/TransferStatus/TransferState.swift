// What a watch knows: plain values for a screen to draw from.

import Foundation

/// A watch as it stands, in one piece.
public struct TransferState: Sendable, Hashable {
    /// The newest state of the payment that is known, `nil` until the first has come.
    public let transfer: Transfer?
    /// How news travels.
    public let connection: Connection
    /// The last scan of the payment's code.
    public let scan: Scan?
    /// What keeps the watch from being live; it goes on trying all the same.
    public let problem: Problem?
    /// The end, once it has come: no other state follows.
    public let end: WatchEnd?

    /// How news travels.
    public enum Connection: String, Sendable, Hashable {
        /// No status has come yet.
        case connecting
        /// The socket is open and has brought a status.
        case live
        /// There is no socket now; what was shown may be out of date.
        case reconnecting
        /// Sockets do not get through, but polls are answered: news comes with a few seconds' delay.
        case polling
    }

    /// The payment's code was scanned, or the scan was taken back.
    public struct Scan: Sendable, Hashable {
        /// Scanned, or taken back.
        public let scanned: Bool
        /// When.
        public let at: Date
    }
}

/// How a watch ended.
public enum WatchEnd: Sendable, Hashable {
    /// With the final status, which ``TransferState/transfer`` has.
    case finalStatus
    /// The server refused, or closed with a code that makes trying again pointless: 4401 for a signature that is wrong, 4404
    /// for a transfer that was deleted, and so on. The message says why.
    case refused(code: UInt16, message: String)
    /// There is no valid signature any more. The message says what to do.
    case signatureRefused(message: String)
    /// The watch or its client was closed in this app.
    case closed
    /// What carried the watch is gone. The message says why.
    case stopped(message: String)
}

/// What a watch has done so far, for a support log.
public struct WatchStatistics: Sendable, Hashable {
    /// Sockets that were dialled.
    public let dials: UInt64
    /// Dials that ended before the socket was open.
    public let failedDials: UInt64
    /// Sockets that opened after the first one.
    public let reconnects: UInt64
    /// Messages that came in over sockets.
    public let frames: UInt64
    /// Polls that were sent.
    public let polls: UInt64
    /// Polls that got no usable answer.
    public let failedPolls: UInt64
    /// Fresh signatures that were asked for.
    public let refreshes: UInt64
    /// Milliseconds from the start of the watch to its first status.
    public let firstStatusAfterMilliseconds: UInt64?
}
