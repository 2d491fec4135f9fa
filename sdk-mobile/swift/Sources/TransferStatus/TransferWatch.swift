// One watched transfer: an asynchronous sequence of its states.

package import TransferStatusBindings

/// One watched transfer, as a sequence of its states.
///
/// ```swift
/// for try await state in try client.watch(code) { show(state) }
/// ```
///
/// Every loop gets the state as it stands first, then each change. A slow loop skips what was overtaken, never the end.
/// The sequence finishes after the state that has an ``TransferState/end``, and when its task is cancelled; any number of
/// loops may share one watch, and its one socket.
///
/// It goes on until it has ended, is closed, or nobody holds or iterates it any more.
public final class TransferWatch: AsyncSequence, Sendable {
    public typealias Element = TransferState
    public typealias Failure = TransferStatusError

    /// The transfer's name.
    public let transferID: String

    private let border: FfiWatch
    private let answering: Task<Void, Never>?

    package init(border: FfiWatch, transferID: String, source: SignatureSource?) {
        self.border = border
        self.transferID = transferID
        answering = source.map { source in
            Task { await answerQuestions(of: border, about: transferID, by: source) }
        }
    }

    deinit {
        answering?.cancel()
        close()
    }

    /// A loop over the states, from the one that stands.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(watch: self)
    }

    /// Ends the watch; its last state has the end ``WatchEnd/closed``. A second call does nothing.
    public func close() {
        // Closing what is closed is no error, and a watch that failed inside has ended.
        try? border.close()
    }

    /// What the watch has done so far, for a support log.
    ///
    /// - Throws: ``TransferStatusError/failed(_:)``.
    public var statistics: WatchStatistics {
        get throws(TransferStatusError) {
            WatchStatistics(try translated { try border.stats() })
        }
    }

    /// Iterates the states of a watch, which it keeps going.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        private let watch: TransferWatch
        private var cursor = FfiCursor(state: 0, asked: 0)
        private var shown: Shown?

        fileprivate init(watch: TransferWatch) {
            self.watch = watch
        }

        /// The next state; `nil` after the end, and when the task is cancelled. A call that was cancelled lost nothing: the
        /// same iterator may be asked again.
        ///
        /// - Throws: ``TransferStatusError/failed(_:)``.
        public mutating func next() async throws(TransferStatusError) -> TransferState? {
            try await next(isolation: nil)
        }

        /// As ``next()``, without leaving the caller's actor.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(TransferStatusError) -> TransferState? {
            while shown?.state.end == nil {
                guard let snapshot = try await pull(watch.border, after: cursor) else { return nil }
                cursor = snapshot.cursor
                let state = TransferState(snapshot)
                // A question for a signature changes the snapshot, and nothing that a user sees.
                if state != shown?.state {
                    shown = Shown(state: state)
                    return state
                }
            }
            return nil
        }

        /// What was given last. Of a box, an iterator's copy copies one reference, of a state some twenty fields.
        private final class Shown: Sendable {
            let state: TransferState

            init(state: TransferState) { self.state = state }
        }
    }
}
