// An app may have several windows: it is in the background when none of them is in front.

import Foundation

/// The scenes of an app that are in front, by names of their own.
package final class ScenesInFront: @unchecked Sendable {
    // Guards `names`.
    private let lock = NSLock()
    // A handful at most: a set of them would be six kilobytes of code.
    private var names: [UUID] = []

    package init() {}

    /// A scene is in front.
    package func add(_ name: UUID) {
        lock.lock()
        defer { lock.unlock() }
        if !names.contains(name) { names.append(name) }
    }

    /// A scene is not in front any more; whether it was the last one. One that was never in front counts as having been:
    /// the system tells of a launch in the background too.
    package func remove(_ name: UUID) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        names.removeAll { $0 == name }
        return names.isEmpty
    }
}
