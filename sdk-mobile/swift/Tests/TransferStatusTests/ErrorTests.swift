// Every error as its typed case, use after close, and a panic inside.

import Foundation
import Testing
import TransferStatus
import TransferStatusBindings

extension Stories {
    @Suite struct Errors {
        private let somewhere = "https://status.example.com"

        @Test func an_address_that_cannot_be_right() async throws {
            for url in ["", "status.example.com", "ftp://status.example.com", "http://status.example.com"] {
                guard case .invalidURL(let reason) = try await thrown({ try TransferStatusClient(url: url) }) else {
                    Issue.record("\(url) was taken")
                    continue
                }
                #expect(!reason.isEmpty)
            }
            _ = try TransferStatusClient(url: "http://status.example.com", allowsPlainText: true)
        }

        @Test func what_begins_no_watch() async throws {
            let client = try TransferStatusClient(url: somewhere)
            guard case .invalidTransferID = try await thrown({ try client.watch(transferID: "../x") }),
                case .invalidSignature(let reason) = try await thrown({
                    try client.watch(transferID: "a", signature: Signature("very-sécret"))
                })
            else { throw Stand.Failure(text: "another error") }
            #expect(!reason.contains("very-sécret"))
        }

        @Test func what_is_no_code() async throws {
            let faults: [(String, TransferStatusError.QRPart)] = [
                ("https://pay.example/t/a#s=" + String(repeating: "a", count: 9_000), .length),
                ("ftp://pay.example/t/a#s=a.b", .page),
                ("https://pay.example/t/..#s=a.b", .transferID),
                ("https://pay.example/t/a", .signature),
            ]
            for (text, part) in faults {
                guard case .invalidQR(let told, let reason) = try await thrown({ try QRPayload(text) }) else {
                    Issue.record("\(text) was taken")
                    continue
                }
                #expect(told == part, "\(text.prefix(60)): \(reason)")
            }
        }

        @Test func what_is_no_request() async throws {
            guard case .invalidRequest(let reason) = try await thrown({
                try TransferRequest(json: #"{"transferRequestId":"a","signature":"very-secret"}"#)
            }) else { throw Stand.Failure(text: "another error") }
            #expect(!reason.contains("very-secret"))
        }

        @Test func a_request_knows_its_expiry() throws {
            let json = #"{"transferRequestId":"a","merchantId":"m","signature":"a.b","expiry":1733231604}"#
            let request = try TransferRequest(json: json)
            #expect(request.transferID == "a")
            #expect(request.merchantID == "m")
            #expect(request.signature.expose() == "a.b")
            #expect(request.signature.expiry == Date(timeIntervalSince1970: 1_733_231_604))
        }

        @Test func authorities_that_are_none() async throws {
            guard case .invalidTrust = try await thrown({
                try TransferStatusClient(url: somewhere, trust: [Data([1, 2, 3])])
            }) else { throw Stand.Failure(text: "another error") }
        }

        @Test(.timeLimit(.minutes(1)))
        func use_after_close_is_an_error() async throws {
            let client = try TransferStatusClient(url: somewhere)
            let watch = try client.watch(transferID: "a", signature: Signature("a.b"))
            client.close()
            client.close()
            #expect(try await thrown { try client.watch(transferID: "a", signature: Signature("a.b")) } == .closed)
            #expect(try await thrown { try client.foregrounded() } == .closed)
            #expect(try await thrown { try client.networkLost() } == .closed)
            // Its watches have ended, and say so to whoever asks.
            let end = try await watch.first { $0.end != nil }
            #expect(end.end == .closed)
            watch.close()
            var states = watch.makeAsyncIterator()
            #expect(try await states.next()?.end == .closed)
            #expect(try await states.next() == nil)
            #expect(try await states.next() == nil)
        }

        @Test func a_panic_inside_is_an_error() async throws {
            #expect(try await thrown { try translated { try panicInside() } } == .failed("called for by a test"))
            do {
                try await panicWhileWaiting()
                Issue.record("no panic")
            } catch {
                #expect(TransferStatusError(crossing: error) == .failed("called for by a test"))
            }
        }

        @Test func every_error_of_the_border_has_its_case_and_a_text() {
            let crossed: [(FfiError, TransferStatusError)] = [
                (.InvalidUrl(reason: "r"), .invalidURL("r")),
                (.InvalidTransferId(reason: "r"), .invalidTransferID("r")),
                (.InvalidSignature(reason: "r"), .invalidSignature("r")),
                (.InvalidQr(fault: .page, reason: "r"), .invalidQR(.page, "r")),
                (.InvalidRequest(reason: "r"), .invalidRequest("r")),
                (.InvalidRoots(reason: "r"), .invalidTrust("r")),
                (.Closed, .closed),
                (.Cancelled, .cancelled),
                (.Unauthorized(reason: "r"), .unauthorized("r")),
                (.Expired(reason: "r"), .expired("r")),
                (.Forbidden(reason: "r"), .forbidden("r")),
                (.RateLimited(retryAfterMillis: 1_500, reason: "r"), .rateLimited(retryAfter: 1.5, "r")),
                (
                    .Unavailable(status: 503, retryAfterMillis: nil, reason: "r"),
                    .unavailable(status: 503, retryAfter: nil, "r")
                ),
                (.UnexpectedAnswer(status: 418, reason: "r"), .unexpectedAnswer(status: 418, "r")),
                (.InvalidProxy(reason: "r"), .invalidProxy("r")),
                (.Unreachable(kind: .socketClosed(code: 1006), reason: "r"), .unreachable(.socketClosed(code: 1006), "r")),
                (.System(reason: "r"), .system("r")),
                (.Panicked(reason: "r"), .failed("r")),
            ]
            for (border, error) in crossed {
                #expect(TransferStatusError(crossing: border) == error)
                #expect(error.localizedDescription == error.description)
                #expect(!error.description.isEmpty)
            }
            // What the generated code itself throws.
            guard case .failed = TransferStatusError(crossing: CancellationError()) else {
                Issue.record("an unknown error has another case")
                return
            }
        }
    }
}
