// What the tests have beside the client: servers, a bank, a network to cut. See Tests/stand/stand.mjs.

import Foundation
import Testing
import TransferStatus
import TransferStatusBindings

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// All tests, one at a time: some count what the process has.
@Suite(.serialized) enum Stories {}

enum Stand {
    struct Failure: Error { let text: String }

    @discardableResult
    static func call(_ op: String, _ members: [String: JSON] = [:]) async throws -> JSON {
        guard let address = ProcessInfo.processInfo.environment["TRANSFER_STATUS_STAND"], let url = URL(string: address)
        else { throw Failure(text: "no stand: run `cargo xtask test swift`, or node Tests/stand/stand.mjs swift test") }
        var request = URLRequest(url: url, timeoutInterval: 600)
        request.httpMethod = "POST"
        request.httpBody = try JSONEncoder().encode(JSON.object(members.merging(["op": .text(op)]) { $1 }))
        let (data, response) = try await URLSession.shared.data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else {
            throw Failure(text: "\(op): \(String(decoding: data, as: UTF8.self))")
        }
        return try JSONDecoder().decode(JSON.self, from: data)
    }

    /// The right to watch a transfer, as a backend mints it.
    static func signature(of id: String, seconds: Int = 900, tellsExpiry: Bool = false) async throws -> Signature {
        let signed = try await call("sign", ["id": .text(id), "seconds": .number(Double(seconds))])
        let expiry = tellsExpiry ? signed["expiry"]?.number.map { Date(timeIntervalSince1970: $0) } : nil
        return Signature(try #require(signed["signature"]?.text), expiry: expiry)
    }

    static func deadPort() async throws -> String {
        try #require(try await call("deadPort")["url"]?.text)
    }
}

/// Something that the stand has started.
struct Started: Sendable {
    let name: String
    let url: String

    init(_ op: String, _ members: [String: JSON] = [:]) async throws {
        let started = try await Stand.call(op, members)
        name = try #require(started["name"]?.text)
        url = try #require(started["url"]?.text)
    }

    @discardableResult
    func call(_ op: String, _ members: [String: JSON] = [:]) async throws -> JSON {
        try await Stand.call(op, members.merging(["name": .text(name)]) { $1 })
    }
}

/// The real server on workerd, with the bank that reports to it.
struct Server: Sendable {
    let started: Started
    var url: String { started.url }

    /// One for all tests that leave it running.
    static let shared = Task { try await Server() }

    init() async throws {
        started = try await Started("server")
    }

    /// Reports a step of a payment; `fields` is JSON without the braces.
    func report(_ id: String, _ status: String, _ fields: String = "") async throws {
        let more = fields.isEmpty ? "" : ",\(fields)"
        try await started.call("report", ["body": .text(#"{"transferId":"\#(id)","status":"\#(status)"\#(more)}"#)])
    }
}

/// A service that answers as a test says.
struct Scripted: Sendable {
    let started: Started
    var url: String { started.url }

    init(tls: Bool = false) async throws {
        started = try await Started("scripted", ["tls": .bool(tls)])
    }

    func script(_ id: String, socket: JSON? = nil, poll: JSON? = nil) async throws {
        var members: [String: JSON] = ["id": .text(id)]
        members["socket"] = socket
        members["poll"] = poll
        try await started.call("script", members)
    }

    func send(_ id: String, _ text: String) async throws {
        try await started.call("send", ["id": .text(id), "text": .text(text)])
    }

    func hangUp(_ id: String, code: Int? = nil) async throws {
        var members: [String: JSON] = ["id": .text(id)]
        members["code"] = code.map { .number(Double($0)) }
        try await started.call("hangUp", members)
    }

    func seen(_ id: String) async throws -> JSON {
        try await started.call("seen", ["id": .text(id)])
    }
}

/// A frame with a status.
func frame(_ id: String, _ status: String, version: Int) -> String {
    let updatedAt = #""updatedAt":"2026-01-15T10:30:00.000Z""#
    return #"{"type":"status","transfer":{"id":"\#(id)","status":"\#(status)",\#(updatedAt),"version":\#(version)}}"#
}

/// A name that no other test uses.
func freshID(_ story: String) -> String {
    "\(story)-\(UUID().uuidString.lowercased())"
}

/// A client with a clock to move by hand.
func client(_ url: String, clock: FfiTestClock) throws -> TransferStatusClient {
    let options = FfiClientOptions(url: url, allowPlainText: false, roots: nil)
    return TransferStatusClient(border: try clientWithClock(options: options, clock: clock))
}

extension TransferWatch {
    struct EndedBefore: Error { let last: TransferState? }

    /// The first state that fulfils `test`.
    @discardableResult
    func first(where test: (TransferState) -> Bool) async throws -> TransferState {
        var last: TransferState?
        for try await state in self {
            if test(state) { return state }
            last = state
        }
        throw EndedBefore(last: last)
    }

    /// The first problem of a kind that fulfils `test`.
    @discardableResult
    func problem(where test: (Problem.Kind) -> Bool = { _ in true }) async throws -> Problem {
        let state = try await first { $0.problem.map { test($0.kind) } ?? false }
        return try #require(state.problem)
    }
}

/// Asks again and again until `test` holds; the test's time limit ends it.
func until(_ test: () async throws -> Bool) async throws {
    while try await !test() { try await Task.sleep(nanoseconds: 10_000_000) }
}

/// What `work` throws.
func thrown<T>(_ work: () async throws -> T) async throws -> TransferStatusError {
    do {
        _ = try await work()
    } catch {
        return try #require(error as? TransferStatusError)
    }
    throw Stand.Failure(text: "nothing was thrown")
}
