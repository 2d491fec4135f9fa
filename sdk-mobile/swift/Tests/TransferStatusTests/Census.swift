// Counts what the process has: threads, file descriptors, memory.

import Foundation
import Testing

#if canImport(CMalloc)
import CMalloc
#endif

enum Census {
    /// The native threads of this process that wait, by their task folders.
    ///
    /// A thread that a native one has made is called like it (the pool behind Swift's tasks grows so): a native one waits for
    /// sockets, and never for a timer of the kernel's, as the pool's own does.
    static func nativeThreads() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
            .map { "/proc/self/task/\($0)" }
            .filter { folder in
                guard read("\(folder)/comm").hasPrefix("transfer-status"), read("\(folder)/wchan").contains("epoll")
                else { return false }
                let queue = read("\(folder)/syscall").split(separator: " ").dropFirst().first?.dropFirst(2)
                return !waitsForTimers(queue.flatMap { Int($0, radix: 16) } ?? -1)
            }
    }

    private static func waitsForTimers(_ queue: Int) -> Bool {
        read("/proc/self/fdinfo/\(queue)").split(separator: "\n").contains { line in
            let words = line.split(separator: " ")
            guard words.first == "tfd:", words.count > 1 else { return false }
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(words[1])")
            return link?.contains("timerfd") ?? false
        }
    }

    private static func read(_ file: String) -> String {
        (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
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

    /// Files, sockets and the like that this process has open.
    static func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    /// The threads of this process, whoever has begun them.
    static func threads() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
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
