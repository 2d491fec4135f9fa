// Calls that wait on the other side of the border. Swift's cancellation does not reach there, so a handle carries it.

internal import TransferStatusBindings

/// Awaits `call`, which is given up with its task.
func cancellable<T: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ call: @Sendable (FfiCancel) async throws -> T
) async throws(TransferStatusError) -> T {
    let cancel = FfiCancel()
    do {
        return try await withTaskCancellationHandler {
            try await call(cancel)
        } onCancel: {
            try? cancel.cancel()
        }
    } catch {
        throw TransferStatusError(crossing: error)
    }
}

/// The state of `watch` as soon as it is newer than `cursor`; `nil` when the task is cancelled or the end was told.
func pull(
    _ watch: FfiWatch,
    after cursor: FfiCursor,
    isolation: isolated (any Actor)? = #isolation
) async throws(TransferStatusError) -> FfiSnapshot? {
    if Task.isCancelled { return nil }
    do {
        // One that is there needs no waiting, and crosses in a plain call: many times faster than one that may wait.
        if let ready = try translated({ try watch.changed(state: cursor.state, asked: cursor.asked) }) { return ready }
        return try await cancellable { try await watch.changedAfter(after: cursor, cancel: $0) }
    } catch {
        if error == .cancelled || error == .closed { return nil }
        throw error
    }
}
