// A phone that sleeps, and an app in the background: nothing is done there, and the news is there at once on return.

import Foundation
import Testing
import TransferStatus
import TransferStatusBindings

extension Stories {
    @Suite struct Sleep {
        /// A watch that is live through a relay, with a clock to move by hand.
        private struct Phone {
            let clock = FfiTestClock()
            let server: Server
            let relay: Started
            let client: TransferStatusClient
            let id: String
            let watch: TransferWatch

            init(_ story: String) async throws {
                server = try await Server.shared.value
                relay = try await Started("relay", ["to": .text(server.url)])
                id = freshID(story)
                try await server.report(id, "pending")
                client = try TransferStatusTests.client(relay.url, clock: clock)
                watch = try client.watch(transferID: id, signature: try await Stand.signature(of: id))
                try await watch.first { $0.connection == .live }
            }

            func connections() async throws -> Double? {
                try await relay.call("connections")["count"]?.number
            }

            /// The link dies, as it does in a sleep: nobody is told, and what is said is lost.
            func loseTheLink() async throws {
                try await relay.call("freeze")
                try await server.report(id, "completed")
                try await relay.call("mend")
            }
        }

        private static let hour: UInt64 = 3_600_000

        @Test(.timeLimit(.minutes(1)))
        func a_long_sleep_that_the_clock_counts_is_noticed_without_a_word() async throws {
            let phone = try await Phone("jump")
            try await phone.loseTheLink()
            phone.clock.jump(millis: Self.hour)
            let end = try await phone.watch.first { $0.end != nil }
            #expect(end.transfer?.status == .completed)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_long_sleep_with_a_clock_that_stood_still_is_over_when_the_app_is_in_front() async throws {
            let phone = try await Phone("still")
            // A socket that has just been heard from is taken for good.
            phone.clock.jump(millis: 4_000)
            phone.clock.stop()
            try await phone.loseTheLink()
            phone.clock.run()
            try phone.client.foregrounded()
            let end = try await phone.watch.first { $0.end != nil }
            #expect(end.transfer?.status == .completed)
        }

        @Test(.timeLimit(.minutes(1)))
        func an_hour_in_the_background_has_no_dial_and_no_timer_and_the_news_is_one_round_trip_away() async throws {
            // What earlier tests had is gone, so that nothing else moves the thread.
            try await until { try Census.nativeThreads().isEmpty }
            let phone = try await Phone("background")
            try phone.client.backgrounded()
            try await phone.watch.first { $0.connection != .live }
            // The close frame gets out, and the threads of the name look-up go.
            try await Task.sleep(nanoseconds: 2_500_000_000)
            let before = try phone.watch.statistics
            let connections = try await phone.connections()

            phone.clock.jump(millis: Self.hour)
            try await phone.server.report(phone.id, "completed")
            // The hour is virtual; that nothing ticks can only be seen in real time, longer than the longest slice.
            try await until { try Census.nativeThreads().count == 1 }
            let switches = try Census.switchesOfTheNativeThread()
            try await Task.sleep(nanoseconds: 6_000_000_000)
            #expect(try Census.switchesOfTheNativeThread() == switches, "the native thread woke up")
            #expect(try await phone.connections() == connections)
            let rested = try phone.watch.statistics
            #expect(rested.dials == before.dials)
            #expect(rested.polls == before.polls)

            try phone.client.foregrounded()
            let end = try await phone.watch.first { $0.end != nil }
            #expect(end.transfer?.status == .completed)
            // A socket and a poll beside it: the first of both to be answered brought the news.
            let after = try phone.watch.statistics
            #expect(after.dials == before.dials + 1)
            #expect(after.polls <= before.polls + 1)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_watch_that_begins_in_the_background_rests_too() async throws {
            let phone = try await Phone("begun")
            try phone.client.backgrounded()
            let signature = try await Stand.signature(of: phone.id)
            let watch = try phone.client.watch(transferID: phone.id, signature: signature)
            phone.clock.jump(millis: Self.hour)
            try await Task.sleep(nanoseconds: 300_000_000)
            #expect(try watch.statistics.dials <= 1)
            #expect(try watch.statistics.frames == 0)
            try phone.client.resumed()
            try await watch.first { $0.connection == .live }
        }
    }
}
