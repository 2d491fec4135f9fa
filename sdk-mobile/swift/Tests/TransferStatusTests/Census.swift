// Counts what the process has: threads, file descriptors, memory.

import Foundation
import Testing

#if canImport(CMalloc)
import CMalloc
#endif

enum Census {
    /// The native threads of this process, by their task folders. A thread that a native one has made is called like it (the
    /// pool behind Swift's tasks grows so), but only a native one waits for sockets.
    static func nativeThreads() throws -> [String] {
        func read(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
            .map { "/proc/self/task/\($0)" }
            .filter { read("\($0)/comm").hasPrefix("transfer-status") && read("\($0)/wchan").contains("ep_poll") }
    }

    /// How often the native thread has gone to sleep so far: one that has nothing to wait for never wakes.
    static func switchesOfTheNativeThread() throws -> [String] {
        try nativeThreads().flatMap { folder in
            try String(contentsOfFile: "\(folder)/status", encoding: .utf8)
                .split(separator: "\n")
                .filter { $0.hasPrefix("voluntary_ctxt_switches") }
                .map { "\(folder) \($0)" }
        }
    }

    /// The sockets that are open in this process.
    static func sockets() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            .count { $0.hasPrefix("socket:") }
    }

    /// The bytes that Swift and Rust have allocated.
    static func allocated() -> Int {
        #if canImport(CMalloc)
        Int(mallinfo2().uordblks)
        #else
        0
        #endif
    }
}
