// A transfer in one request, and a scan that its watchers see.

import Foundation
import Testing
import TransferStatus

extension Stories {
    @Suite struct Requests {
        @Test(.timeLimit(.minutes(1)))
        func a_scan_is_told_to_whoever_watches_and_may_be_taken_back() async throws {
            let server = try await Server.shared.value
            let id = freshID("scan")
            try await server.report(id, "pending")
            let signature = try await Stand.signature(of: id)
            let code = try QRPayload("https://pay.example/t/\(id)#s=\(signature.expose())")
            let page = try TransferStatusClient(url: server.url).watch(code)
            try await page.first { $0.connection == .live }
            let phone = try TransferStatusClient(url: server.url)
            try await phone.reportScan(code)
            let scan = try #require(try await page.first { $0.scan != nil }.scan)
            #expect(scan.scanned)
            #expect(abs(scan.at.timeIntervalSinceNow) < 60)
            try await phone.reportScan(code, scanned: false)
            try await page.first { $0.scan?.scanned == false }
        }

        @Test(.timeLimit(.minutes(1)))
        func a_transfer_is_got_as_it_stands() async throws {
            let server = try await Server.shared.value
            let id = freshID("get")
            let client = try TransferStatusClient(url: server.url)
            let signature = try await Stand.signature(of: id)
            #expect(try await client.get(transferID: id, signature: signature).version == 0)
            try await server.report(id, "processing", #""amount":0.30"#)
            let transfer = try await client.get(transferID: id, signature: signature)
            #expect(transfer.status == .processing)
            #expect(transfer.amount?.text == "0.30")
        }

        @Test(.timeLimit(.minutes(1)))
        func what_goes_wrong_has_its_case() async throws {
            let server = try await Server.shared.value
            let id = freshID("wrong")
            let client = try TransferStatusClient(url: server.url)
            let some = Signature("a.b")
            let others = try await Stand.signature(of: "another")
            let wrong = try await thrown { try await client.reportScan(transferID: id, signature: others) }
            guard case .unauthorized = wrong else { throw wrong }

            let nowhere = try TransferStatusClient(url: try await Stand.deadPort())
            let refused = try await thrown { try await nowhere.get(transferID: id, signature: some) }
            guard case .unreachable(.connectionRefused, _) = refused else { throw refused }

            let service = try await Scripted()
            let scripted = try TransferStatusClient(url: service.url)
            func refuse(_ id: String, _ status: Int, _ code: String) async throws -> TransferStatusError {
                let body = #"{"type":"error","code":"\#(code)","message":"no"}"#
                let headers: JSON = ["content-type": "application/json"]
                let poll: JSON = ["status": .number(Double(status)), "headers": headers, "body": .text(body)]
                try await service.script(id, poll: poll)
                return try await thrown { try await scripted.get(transferID: id, signature: some) }
            }
            let expired = try await refuse("expired", 401, "expired")
            guard case .expired = expired else { throw expired }
            let forbidden = try await refuse("forbidden", 403, "forbidden")
            guard case .forbidden = forbidden else { throw forbidden }
            try await service.script("busy", poll: ["status": 429, "headers": ["retry-after": "7"]])
            let busy = try await thrown { try await scripted.get(transferID: "busy", signature: some) }
            guard case .rateLimited(7, _) = busy else { throw busy }
            try await service.script("down", poll: ["status": 503])
            let down = try await thrown { try await scripted.get(transferID: "down", signature: some) }
            guard case .unavailable(503, _, _) = down else { throw down }
            try await service.script("page", poll: ["status": 200, "body": "<p>Welcome"])
            let page = try await thrown { try await scripted.get(transferID: "page", signature: some) }
            guard case .unexpectedAnswer = page else { throw page }

            client.close()
            #expect(try await thrown { try await client.get(transferID: id, signature: some) } == .closed)
        }

        @Test(.timeLimit(.minutes(1)))
        func a_request_is_given_up_with_its_task() async throws {
            let service = try await Scripted()
            try await service.script("hangs", poll: ["hang": true])
            let client = try TransferStatusClient(url: service.url)
            let request = Task { try await client.get(transferID: "hangs", signature: Signature("a.b")) }
            try await until { try await service.seen("hangs")["polls"] == 1 }
            request.cancel()
            #expect(try await thrown { try await request.value } == .cancelled)
        }
    }
}
