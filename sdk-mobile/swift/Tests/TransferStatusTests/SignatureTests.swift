// Where a watch gets a fresh signature from, and what it says when there is none.

import Foundation
import Testing
import TransferStatus

extension Stories {
    @Suite struct Signatures {
        private struct BackendIsDown: Error, CustomStringConvertible {
            let description = "the backend is being moved"
        }

        /// What a source was asked.
        private actor Asked {
            private(set) var reasons: [RefreshReason] = []
            func add(_ reason: RefreshReason) -> Int {
                reasons.append(reason)
                return reasons.count
            }
        }

        @Test(.timeLimit(.minutes(1)))
        func an_expired_signature_is_refreshed() async throws {
            let server = try await Server.shared.value
            let id = freshID("expired")
            try await server.report(id, "pending")
            let asked = Asked()
            let old = try await Stand.signature(of: id, seconds: -30)
            let watch = try TransferStatusClient(url: server.url).watch(transferID: id, signature: old) { of, reason in
                _ = await asked.add(reason)
                return try await Stand.signature(of: of, tellsExpiry: true)
            }
            try await watch.first { $0.connection == .live }
            #expect(await asked.reasons == [.expired])
            #expect(try watch.statistics.refreshes == 1)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_watch_may_begin_without_a_signature() async throws {
            let server = try await Server.shared.value
            let id = freshID("missing")
            try await server.report(id, "pending")
            let asked = Asked()
            let watch = try TransferStatusClient(url: server.url).watch(transferID: id) { of, reason in
                _ = await asked.add(reason)
                return try await Stand.signature(of: of)
            }
            try await watch.first { $0.connection == .live }
            #expect(await asked.reasons == [.missing])
        }

        @Test(.timeLimit(.minutes(1)))
        func a_source_that_fails_is_asked_again_and_its_cause_is_told() async throws {
            let server = try await Server.shared.value
            let id = freshID("retry")
            try await server.report(id, "pending")
            let asked = Asked()
            let watch = try TransferStatusClient(url: server.url).watch(transferID: id) { of, reason in
                switch await asked.add(reason) {
                case 1: throw BackendIsDown()
                case 2: return Signature("sécret")
                default: return try await Stand.signature(of: of)
                }
            }
            let moved = try await watch.problem()
            #expect(moved.kind == .signatureRefresh(cause: "the backend is being moved"))
            #expect(moved.name == "signature-refresh")
            let invalid = try await watch.problem { $0 != moved.kind }
            guard case .signatureRefresh(let cause?) = invalid.kind else { throw TransferWatch.EndedBefore(last: nil) }
            #expect(!cause.contains("sécret"), "what was no signature may yet be a secret")
            try await watch.first { $0.connection == .live && $0.problem == nil }
        }

        @Test(.timeLimit(.minutes(1)))
        func a_source_that_refuses_ends_the_watch() async throws {
            let server = try await Server.shared.value
            let watch = try TransferStatusClient(url: server.url).watch(transferID: freshID("refused")) { _, _ in
                throw SignatureRefused("the order was called off")
            }
            let end = try await watch.first { $0.end != nil }
            guard case .signatureRefused(let message)? = end.end else { throw TransferWatch.EndedBefore(last: end) }
            #expect(!message.isEmpty)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_watch_without_a_signature_or_a_source_ends_at_once() async throws {
            let watch = try TransferStatusClient(url: "https://status.example.com").watch(transferID: "any")
            let end = try await watch.first { $0.end != nil }
            guard case .signatureRefused? = end.end else { throw TransferWatch.EndedBefore(last: end) }
        }

        @Test func a_signature_is_not_printed() {
            let signature = Signature("payload.very-secret")
            var dumped = ""
            dump(signature, to: &dumped)
            dump(TransferStatusTests.Boxed(signature: signature), to: &dumped)
            for text in [dumped, "\(signature)", String(reflecting: signature), String(describing: [signature])] {
                #expect(!text.contains("very-secret"), "\(text)")
            }
        }
    }
}

private struct Boxed { let signature: Signature }
