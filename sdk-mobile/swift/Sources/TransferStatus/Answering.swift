// Answers a watch's questions for a fresh signature, for as long as it goes on.

internal import TransferStatusBindings

/// Gets each question that the watch opens answered by `source`, until the watch has ended or the task is cancelled.
///
/// The source runs beside the pulling, so that a question that was taken back cancels it.
func answerQuestions(of watch: FfiWatch, about transferID: String, by source: @escaping SignatureSource) async {
    var cursor = FfiCursor(state: 0, asked: 0)
    var open: (id: UInt64, answer: Task<Void, Never>)?
    // A watch that fails inside tells so to the loop over its states.
    while let snapshot = try? await pull(watch, after: cursor) {
        cursor = snapshot.cursor
        if snapshot.question?.id != open?.id {
            open?.answer.cancel()
            open = snapshot.question.map { question in
                (question.id, Task { await answer(question, of: watch, about: transferID, by: source) })
            }
        }
        if snapshot.end != nil { break }
    }
    open?.answer.cancel()
}

private func answer(
    _ question: FfiQuestion,
    of watch: FfiWatch,
    about transferID: String,
    by source: SignatureSource
) async {
    // What these calls can throw is a panic, which ends the watch and is told there.
    do {
        let fresh = try await source(transferID, RefreshReason(question.reason))
        try watch.provideSignature(id: question.id, signature: fresh.text, expiry: fresh.expirySecond)
    } catch let refused as SignatureRefused {
        try? watch.refuseSignature(id: question.id, cause: refused.message)
    } catch {
        try? watch.retrySignature(id: question.id, cause: describe(error))
    }
}

/// The error's own words.
private func describe(_ error: any Error) -> String {
    if case FfiError.InvalidSignature(let reason) = error { return reason }
    return String(describing: error)
}
