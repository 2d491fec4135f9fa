// A payment from the scanned code to its end, on the real server.

import Foundation
import Testing
import TransferStatus

extension Stories {
    @Suite struct Payments {
        @Test(.timeLimit(.minutes(3)))
        func a_payment_is_followed_from_the_scanned_code_to_its_end() async throws {
            let server = try await Server.shared.value
            let id = freshID("payment")
            let signature = try await Stand.signature(of: id)
            let code = try QRPayload("https://pay.example/t/\(id)#s=\(signature.expose())")
            try await server.report(
                id, "pending", #""amount":12.10,"merchantId":"m-7","customerId":"c-9","metadata":{"order":[1,2.50]}"#)

            let client = try TransferStatusClient(url: server.url)
            var shown: [Transfer] = []
            var last: TransferState?
            for try await state in try client.watch(code) {
                last = state
                guard let transfer = state.transfer, transfer != shown.last else { continue }
                shown.append(transfer)
                switch transfer.status {
                case .pending: try await server.report(id, "processing", #""message":"the bank has it""#)
                case .processing: try await server.report(id, "completed")
                default: break
                }
            }
            #expect(shown.map(\.status) == [.pending, .processing, .completed])
            #expect(shown.map(\.version) == [1, 2, 3])
            #expect(shown.map(\.isFinal) == [false, false, true])
            #expect(shown[1].message == "the bank has it")
            #expect(last?.end == .finalStatus)
            let transfer = try #require(last?.transfer)
            #expect(transfer.amount?.text == "12.10")
            #expect(transfer.amount?.decimal == Decimal(sign: .plus, exponent: -1, significand: 121))
            #expect(transfer.merchantID == "m-7")
            #expect(transfer.customerID == "c-9")
            #expect(transfer.metadataJSON == #"{"order":[1,2.50]}"#)
            #expect(abs(transfer.updatedAt.timeIntervalSinceNow) < 120)
        }

        @Test(.timeLimit(.minutes(1)))
        func two_watchers_see_the_same_end_and_a_third_that_comes_late_too() async throws {
            let server = try await Server.shared.value
            let id = freshID("two")
            let signature = try await Stand.signature(of: id)
            try await server.report(id, "pending")
            let client = try TransferStatusClient(url: server.url)
            async let one = client.watch(transferID: id, signature: signature).first { $0.end != nil }
            let watch = try client.watch(transferID: id, signature: signature)
            async let two = watch.first { $0.end != nil }
            try await watch.first { $0.transfer?.version == 1 }
            try await server.report(id, "failed")
            let ends = try await [one, two]
            #expect(ends[0].transfer == ends[1].transfer)
            #expect(ends.map(\.end) == [.finalStatus, .finalStatus])
            // A loop that begins after the end still gets it.
            #expect(try await watch.first { $0.end != nil } == ends[1])
        }

        @Test(.timeLimit(.minutes(1)))
        func a_loop_that_looks_away_skips_what_was_overtaken_but_not_the_end() async throws {
            let server = try await Server.shared.value
            let id = freshID("slow")
            let signature = try await Stand.signature(of: id)
            try await server.report(id, "pending")
            let watch = try TransferStatusClient(url: server.url).watch(transferID: id, signature: signature)
            try await watch.first { $0.transfer != nil }
            var slow = watch.makeAsyncIterator()
            for step in 0..<4 { try await server.report(id, "processing", #""message":"step \#(step)""#) }
            try await server.report(id, "completed")
            try await watch.first { $0.end != nil }
            let seen = try await slow.next()
            #expect(seen?.transfer?.status == .completed)
            #expect(seen?.end == .finalStatus)
            #expect(try await slow.next() == nil)
        }

        @Test(.timeLimit(.minutes(3)))
        func a_server_that_was_killed_and_restarted_is_followed_on() async throws {
            let server = try await Server()
            let id = freshID("killed")
            try await server.report(id, "pending")
            let watch = try TransferStatusClient(url: server.url)
                .watch(transferID: id, signature: try await Stand.signature(of: id))
            try await watch.first { $0.connection == .live }
            try await server.started.call("kill")
            let broken = try await watch.first { $0.connection == .reconnecting }
            #expect(broken.transfer?.status == .pending)
            try await watch.problem { $0 == .connectionRefused }
            try await server.started.call("restart")
            try await watch.first { $0.connection == .live && $0.problem == nil }
            try await server.report(id, "completed")
            let end = try await watch.first { $0.end != nil }
            #expect(end.transfer?.status == .completed)
            #expect(try watch.statistics.reconnects >= 1)
            try await server.started.call("stop")
        }

        @Test(.timeLimit(.minutes(1)))
        func a_network_that_was_cut_brings_what_was_missed() async throws {
            let server = try await Server.shared.value
            let relay = try await Started("relay", ["to": .text(server.url)])
            let id = freshID("cut")
            try await server.report(id, "pending")
            let client = try TransferStatusClient(url: relay.url)
            let watch = try client.watch(transferID: id, signature: try await Stand.signature(of: id))
            try await watch.first { $0.connection == .live }
            try await relay.call("cut")
            try client.networkLost()
            let problem = try await watch.problem { $0 == .connectionRefused }
            #expect(problem.name == "refused")
            #expect(problem.attempts >= 1)
            #expect(!problem.description.isEmpty)
            try await server.report(id, "processing")
            try await server.report(id, "completed")
            try await relay.call("mend")
            try client.networkAvailable()
            let end = try await watch.first { $0.end != nil }
            #expect(end.transfer?.version == 3)
            #expect(end.problem == nil)
        }
    }
}
