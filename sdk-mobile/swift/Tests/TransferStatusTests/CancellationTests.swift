// Cancelling a task in the middle of a pull loses nothing and leaves nothing behind.

import Foundation
import Testing
import TransferStatus
import TransferStatusBindings

extension Stories {
    @Suite struct Cancellation {
        @Test(.timeLimit(.minutes(5)))
        func a_thousand_pulls_cancelled_in_the_middle_lose_nothing_and_leave_nothing() async throws {
            let service = try await Scripted()
            let id = freshID("cancelled")
            try await service.script(id, socket: ["frames": [.text(frame(id, "processing", version: 1))]])
            weak var released: TransferWatch?
            do {
                let client = try TransferStatusClient(url: service.url)
                let watch = try client.watch(transferID: id, signature: Signature("a.b"))
                released = watch
                try await watch.first { $0.connection == .live }
                var states = watch.makeAsyncIterator()
                #expect(try await states.next()?.transfer?.version == 1)
                var cancelled = 0
                var version = 1
                while cancelled < 1_000 {
                    version += 1
                    // The cancellation and the update race for the pull; the iterator comes back as the pull left it.
                    let pull = Task { [states] in
                        var states = states
                        let state = try await states.next()
                        return (states, state)
                    }
                    if version % 3 != 0 { await Task.yield() }
                    let text = frame(id, "processing", version: version)
                    async let sent: Void = service.send(id, text)
                    if version % 2 == 0 { try await Task.sleep(nanoseconds: UInt64.random(in: 0...3_000_000)) }
                    pull.cancel()
                    try await sent
                    var state: TransferState?
                    (states, state) = try await pull.value
                    if state == nil {
                        cancelled += 1
                        state = try await states.next()
                    }
                    // Each version once: none lost, none twice.
                    try #require(state?.transfer?.version == UInt64(version))
                }
                #expect(version > 1_000, "some updates won the race")
                // Again, with nothing beside it: a handle or a task that was left each time would be 400 bytes of it. The
                // runtime's own pools come and go by 100 kB, so that fewer times would tell nothing.
                let times = 10_000
                let allocated = Census.allocated()
                for _ in 0..<times { #expect(try await Self.cancelledPull(states) == nil) }
                let left = Census.allocated() - allocated
                #expect(left / times < 40)
                try await until { try Census.nativeThreads().count == 1 }
                #expect(try await service.seen(id)["dials"] == 1)
            }
            #expect(released == nil, "somebody still holds the watch")
            try await until { try await service.seen(id)["open"] == 0 }
            try await until { try Census.nativeThreads().isEmpty }
        }

        /// Begins a pull and cancels it while it waits.
        private static func cancelledPull(_ states: TransferWatch.AsyncIterator) async throws -> TransferState? {
            let pull = Task {
                var states = states
                return try await states.next()
            }
            await Task.yield()
            pull.cancel()
            return try await pull.value
        }

        @Test(.timeLimit(.minutes(5)))
        func a_thousand_watches_cancelled_in_mid_dial_leave_no_socket_thread_task_or_memory_behind() async throws {
            let service = try await Scripted()
            // No dial times out, however long this machine takes over it.
            let clock = FfiTestClock()
            clock.stop()
            do {
                let client = try TransferStatusTests.client(service.url, clock: clock)
                // The first ones pay for what all share.
                for _ in 0..<2 { try await Self.cancelInMidDial(100, of: client, at: service) }
                let descriptors = try Census.descriptors()
                let threads = try Census.threads()
                let allocated = Census.allocated()
                for _ in 0..<10 { try await Self.cancelInMidDial(100, of: client, at: service) }
                try await until { try Census.descriptors() <= descriptors }
                try await until { try Census.nativeThreads().count == 1 }
                // Those of the pool behind Swift's tasks come and go, and are a few; one a watch would be a thousand.
                #expect(try Census.threads() < threads + 100)
                // The test library keeps where each error was thrown until the test ends: 435 bytes, for two a watch at most.
                // A watch that was left, closed and with no socket, would be 2,200.
                let left = Census.allocated() - allocated
                #expect(left / 1_000 < 1_000)
            }
            try await until { try Census.nativeThreads().isEmpty }
        }

        /// Begins as many watches, waits until the service has the socket of each and has answered none, and cancels them.
        private static func cancelInMidDial(_ count: Int, of client: TransferStatusClient, at service: Scripted) async throws {
            let id = freshID("dialling")
            try await service.script(id, socket: ["hang": true])
            var sources: [Weakly<Flag>] = []
            var loops: [Task<Void, any Error>] = []
            for _ in 0..<count {
                // Held by the watch's own task, which answers questions, for as long as that runs.
                let source = Flag()
                sources.append(Weakly(it: source))
                loops.append(
                    Task {
                        let watch = try client.watch(transferID: id, signature: Signature("a.b")) { _, _ in
                            await source.raise()
                            return Signature("a.b")
                        }
                        for try await state in watch {
                            #expect(state.connection == .connecting && state.problem == nil && state.end == nil)
                        }
                    })
            }
            try await until { try await service.seen(id)["hanging"]?.number == Double(count) }
            for loop in loops { loop.cancel() }
            for loop in loops { try await loop.value }
            try await until { sources.allSatisfy { $0.it == nil } }
            try await until { try await service.seen(id)["hanging"] == 0 }
            #expect(try await service.seen(id)["dials"]?.number == Double(count))
        }

        @Test(.timeLimit(.minutes(1)))
        func a_loop_ends_with_its_task_and_the_watch_with_its_loop() async throws {
            let service = try await Scripted()
            let id = freshID("loop")
            try await service.script(id, socket: ["frames": [.text(frame(id, "pending", version: 1))]])
            let client = try TransferStatusClient(url: service.url)
            let loop = Task {
                var count = 0
                for try await _ in try client.watch(transferID: id, signature: Signature("a.b")) { count += 1 }
                return count
            }
            try await until { try await service.seen(id)["open"] == 1 }
            loop.cancel()
            #expect(try await loop.value >= 1)
            try await until { try await service.seen(id)["open"] == 0 }
        }

        @Test(.timeLimit(.minutes(1)))
        func a_task_that_was_cancelled_before_gets_nothing() async throws {
            let service = try await Scripted()
            let watch = try TransferStatusClient(url: service.url).watch(transferID: "any", signature: Signature("a.b"))
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                var states = watch.makeAsyncIterator()
                return try await states.next()
            }
            task.cancel()
            #expect(try await task.value == nil)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_watch_with_a_signature_source_leaves_no_task_and_its_source_is_cancelled() async throws {
            let service = try await Scripted()
            let ended = Flag()
            weak var released: TransferWatch?
            do {
                let watch = try TransferStatusClient(url: service.url).watch(transferID: "any") { [ended] _, _ in
                    do {
                        try await Task.sleep(nanoseconds: 600_000_000_000)
                    } catch {
                        await ended.raise()
                        throw error
                    }
                    return Signature("a.b")
                }
                released = watch
                try await until { try watch.statistics.refreshes == 1 }
                // The source has begun once its task can be seen to wait.
                try await Task.sleep(nanoseconds: 100_000_000)
            }
            #expect(released == nil, "somebody still holds the watch")
            try await until { await ended.isUp }
        }
    }
}

/// Something that has happened.
actor Flag {
    private(set) var isUp = false
    func raise() { isUp = true }
}

/// Something that somebody else may hold.
struct Weakly<T: AnyObject> {
    private(set) weak var it: T?

    init(it: T) { self.it = it }
}
