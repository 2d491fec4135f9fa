// Cancelling a task in the middle of a pull loses nothing and leaves nothing behind.

import Foundation
import Testing
import TransferStatus

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
