// A watch for a SwiftUI screen to draw from.

#if canImport(Observation)
import Observation

/// A payment on a screen.
///
/// ```swift
/// struct PaymentScreen: View {
///     let client: TransferStatusClient
///     let code: QRPayload
///     @State private var model = TransferModel()
///
///     var body: some View {
///         StatusView(state: model.state)
///             .task { await model.follow { try client.watch(code) } }
///     }
/// }
/// ```
@available(iOS 17, macOS 14, tvOS 17, watchOS 10, *)
@MainActor
@Observable
public final class TransferModel {
    /// The newest state; `nil` before the first.
    public private(set) var state: TransferState?
    /// Why there is nothing to follow, or no more: the code was no code, the client was closed.
    public private(set) var failure: (any Error)?

    /// A model that follows nothing yet.
    public init() {}

    /// Begins a watch and follows it until its end, or until the task is cancelled, which closes the watch unless somebody
    /// else holds it.
    public func follow(_ begin: () throws -> TransferWatch) async {
        state = nil
        failure = nil
        do {
            for try await state in try begin() {
                self.state = state
            }
        } catch {
            failure = error
        }
    }
}
#endif
