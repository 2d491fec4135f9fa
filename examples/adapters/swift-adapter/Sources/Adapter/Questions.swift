// Questions for a fresh signature, which wait until their answer comes in.

import Synchronization
import TransferStatus

/// Not this time.
struct Retry: Error, CustomStringConvertible {
    let description: String
}

final class Questions: Sendable {
    private struct State {
        var count = 0
        var open: [Int: CheckedContinuation<Signature, any Error>] = [:]
    }

    private let state = Mutex(State())

    /// Asks, and waits for the answer or until the question is taken back.
    func ask(_ tell: (Int) -> Void) async throws -> Signature {
        let id = state.withLock {
            $0.count += 1
            return $0.count
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer in
                state.withLock { $0.open[id] = answer }
                tell(id)
                if Task.isCancelled { answered(id, .failure(CancellationError())) }
            }
        } onCancel: {
            answered(id, .failure(CancellationError()))
        }
    }

    func answered(_ id: Int, _ answer: Result<Signature, any Error>) {
        let asker = state.withLock { $0.open.removeValue(forKey: id) }
        asker?.resume(with: answer)
    }
}
