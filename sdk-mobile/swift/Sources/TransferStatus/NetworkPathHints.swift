// Tells a client what the system knows of the network.

#if canImport(Network)
import Foundation
import Network

/// Tells a client when the network goes, comes back or is another one, for as long as it is held.
public final class NetworkPathHints: @unchecked Sendable {
    // Thread-safe, though not every SDK says so.
    private let monitor = NWPathMonitor()

    /// Begins to tell `client`.
    public init(_ client: TransferStatusClient) {
        let known = Known()
        monitor.pathUpdateHandler = { path in
            // A client that was closed has no watch to tell.
            switch known.change(to: path) {
            case .lost: try? client.networkLost()
            case .available: try? client.networkAvailable()
            case .another: try? client.networkChanged()
            case nil: break
            }
        }
        monitor.start(queue: DispatchQueue(label: "transfer-status.network-path"))
    }

    deinit {
        monitor.cancel()
    }

    private enum Change { case lost, available, another }

    /// What was told last. The monitor calls on one serial queue; the lock tells the compiler so.
    private final class Known: @unchecked Sendable {
        private let lock = NSLock()
        private var interfaces: [String]?

        func change(to path: NWPath) -> Change? {
            // By what carries: a path is updated for much else, such as a constraint.
            let now = path.status == .satisfied ? path.availableInterfaces.map(\.name) : []
            lock.lock()
            defer { lock.unlock() }
            let before = interfaces
            interfaces = now
            guard before != now else { return nil }
            guard let before else { return now.isEmpty ? .lost : nil }
            if now.isEmpty { return .lost }
            return before.isEmpty ? .available : .another
        }
    }
}
#endif
