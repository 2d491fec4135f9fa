// Every problem as its typed case, made by a service that does what no real one would.

import Foundation
import Testing
import TransferStatus
import TransferStatusBindings

extension Stories {
    @Suite struct Problems {
        private static let some = Signature("a.b")

        /// The first problem of a watch of a service by its script.
        private func problem(
            socket: JSON, poll: JSON = ["status": 503],
            where test: (Problem.Kind) -> Bool = { _ in true }
        ) async throws -> Problem {
            let service = try await Scripted()
            let id = freshID("problem")
            try await service.script(id, socket: socket, poll: poll)
            let watch = try TransferStatusClient(url: service.url).watch(transferID: id, signature: Self.some)
            return try await watch.problem(where: test)
        }

        private func problem(at url: String) async throws -> Problem {
            try await TransferStatusClient(url: url).watch(transferID: "any", signature: Self.some).problem()
        }

        @Test(.timeLimit(.minutes(1))) func a_name_that_is_not_found() async throws {
            let problem = try await problem(at: "https://no-such-name.invalid")
            #expect(problem.kind == .dns)
            #expect(problem.name == "dns")
        }

        @Test(.timeLimit(.minutes(1))) func a_port_where_nobody_listens() async throws {
            let problem = try await problem(at: try await Stand.deadPort())
            #expect(problem.kind == .connectionRefused)
            #expect(problem.attempts == 1)
            #expect(abs(problem.since.timeIntervalSinceNow) < 60)
        }

        @Test(.timeLimit(.minutes(1))) func an_address_that_no_way_leads_to() async throws {
            // No system opens a connection to a group of machines.
            #expect(try await problem(at: "https://224.0.0.1").kind == .unreachable)
        }

        @Test(.timeLimit(.minutes(1))) func a_server_that_never_answers() async throws {
            let service = try await Scripted()
            try await service.script("hangs", socket: ["hang": true])
            let clock = FfiTestClock()
            let watch = try client(service.url, clock: clock).watch(transferID: "hangs", signature: Self.some)
            try await until { try await service.seen("hangs")["dials"] == 1 }
            clock.jump(millis: 60_000)
            #expect(try await watch.problem().kind == .timeout)
        }

        @Test(.timeLimit(.minutes(1))) func a_certificate_that_is_not_trusted_and_one_that_is() async throws {
            let service = try await Scripted(tls: true)
            try await service.script("secure", socket: ["frames": [.text(frame("secure", "pending", version: 1))]])
            let stranger = try TransferStatusClient(url: service.url)
            #expect(try await stranger.watch(transferID: "secure", signature: Self.some).problem().kind == .certificate)
            let pem = try String(contentsOf: Vectors.file("sdk-mobile/swift/Tests/stand/authority.pem"), encoding: .utf8)
            let authority = try #require(
                Data(base64Encoded: pem.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()))
            let friend = try TransferStatusClient(url: service.url, trust: [authority])
            try await friend.watch(transferID: "secure", signature: Self.some).first { $0.connection == .live }
        }

        @Test(.timeLimit(.minutes(1))) func a_port_that_speaks_no_tls() async throws {
            let plain = try await Scripted().url
            #expect(try await problem(at: plain.replacingOccurrences(of: "http:", with: "https:")).kind == .tls)
        }

        @Test(.timeLimit(.minutes(1))) func a_redirect() async throws {
            let problem = try await problem(socket: ["status": 302, "headers": ["location": "https://login.example"]])
            #expect(problem.kind == .redirect(status: 302))
        }

        @Test(.timeLimit(.minutes(1))) func an_http_status() async throws {
            #expect(try await problem(socket: ["status": 404]).kind == .http(status: 404))
            #expect(try await problem(socket: ["status": 502]).kind == .http(status: 502))
        }

        @Test(.timeLimit(.minutes(1))) func a_page_of_somebody_else() async throws {
            let page: JSON = ["status": 200, "headers": ["content-type": "text/html"], "body": "<p>Welcome to our Wi-Fi"]
            #expect(try await problem(socket: page, poll: page).kind == .notTheService)
        }

        @Test(.timeLimit(.minutes(1))) func a_socket_that_closes_before_the_first_status() async throws {
            #expect(try await problem(socket: ["frames": [], "close": 1011]).kind == .socketClosed(code: 1011))
        }

        @Test(.timeLimit(.minutes(1))) func a_frame_that_cannot_be_read() async throws {
            let problem = try await problem(socket: ["frames": [#"{"type":"status","transfer":{"id":5}}"#]])
            guard case .malformed(let field) = problem.kind else {
                Issue.record("\(problem)")
                return
            }
            #expect(!field.isEmpty)
        }

        @Test(.timeLimit(.minutes(1))) func too_many_watchers() async throws {
            #expect(try await problem(socket: ["frames": [], "close": 4429]).kind == .tooManyWatchers)
        }

        @Test(.timeLimit(.minutes(1))) func every_refusal_is_an_end_with_its_code() async throws {
            let service = try await Scripted()
            for code in [4401, 4403, 4410] {
                let id = "closed-\(code)"
                try await service.script(id, socket: ["frames": [], "close": .number(Double(code))])
                let watch = try TransferStatusClient(url: service.url).watch(transferID: id, signature: Self.some)
                let end = try await watch.first { $0.end != nil }.end
                switch (code, end) {
                case (4401, .signatureRefused?): break
                case (_, .refused(let told, let message)?):
                    #expect(told == UInt16(code))
                    #expect(!message.isEmpty)
                default: Issue.record("\(code): \(String(describing: end))")
                }
            }
        }
    }
}
