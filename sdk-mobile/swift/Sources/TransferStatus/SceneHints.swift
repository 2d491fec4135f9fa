// Tells a client when a SwiftUI scene goes to the background and comes back.

#if canImport(SwiftUI)
public import SwiftUI

extension View {
    /// Tells `client` when this view's scene goes to the background and comes back. Put it on the app's root view.
    ///
    /// `inactive` is told as nothing: a call or the app switcher covers the screen, and the app goes on running.
    public func transferStatusHints(_ client: TransferStatusClient) -> some View {
        modifier(SceneHints(client: client))
    }
}

private struct SceneHints: ViewModifier {
    @Environment(\.scenePhase) private var phase
    let client: TransferStatusClient

    func body(content: Content) -> some View {
        content.onChange(of: phase) { phase in
            // A client that was closed has no watch to tell.
            switch phase {
            case .background: try? client.backgrounded()
            case .active: try? client.foregrounded()
            default: break
            }
        }
    }
}
#endif
