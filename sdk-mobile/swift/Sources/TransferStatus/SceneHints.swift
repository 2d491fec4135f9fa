// Tells a client when an app's SwiftUI scenes go to the background and come back.

#if canImport(SwiftUI)
import Foundation
public import SwiftUI

extension View {
    /// Tells `client` when this view's scene goes to the background and comes back. Put it on the root view of each scene:
    /// of an app with several windows, the last one that goes is what counts.
    ///
    /// `inactive` is told as nothing: a call or the app switcher covers the screen, and the app goes on running.
    public func transferStatusHints(_ client: TransferStatusClient) -> some View {
        modifier(SceneHints(client: client))
    }
}

private struct SceneHints: ViewModifier {
    @Environment(\.scenePhase) private var phase
    @State private var name = UUID()
    let client: TransferStatusClient

    func body(content: Content) -> some View {
        content
            .onAppear {
                if phase != .background { client.scenes.add(name) }
            }
            .onChange(of: phase) { phase in
                // A client that was closed has no watch to tell.
                switch phase {
                case .background:
                    if client.scenes.remove(name) { try? client.backgrounded() }
                case .active:
                    client.scenes.add(name)
                    try? client.foregrounded()
                default: break
                }
            }
            // A window that was closed. The app itself is told by the phase of another, or is gone.
            .onDisappear { _ = client.scenes.remove(name) }
    }
}
#endif
