// What crossing the border costs, printed: `cargo xtask bench mobile` runs it, by the stand of the tests.

import Foundation
import TransferStatus

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif
#if canImport(CMalloc)
import CMalloc
#endif

let signature = Signature("a.b")
let crossings = 100_000
let news = 1_000
let watches = 500
let rounds = 6

/// The scripted service: every watch of it is live, has a state of the usual size, and hears nothing more.
let service = try await Service()
let client = try TransferStatusClient(url: service.url)

/// A state of the usual size, taken over and over, by the clock and by the processor's time, whatever else runs: a loop
/// that begins gets the one that stands.
func statesASecond() async throws -> (byClock: Double, byProcessor: Double) {
    let watch = try await live("states")
    func take(_ count: Int) async throws {
        for _ in 0..<count {
            var loop = watch.makeAsyncIterator()
            guard try await loop.next()?.transfer?.version == 1 else { fatalError("no state crossed") }
        }
    }
    try await take(crossings / 2)
    let start = ContinuousClock.now
    let worked = clock()
    try await take(crossings)
    let byProcessor = Double(crossings) / (Double(clock() - worked) / Double(CLOCKS_PER_SEC))
    let byClock = Double(crossings) / seconds(start.duration(to: .now))
    watch.close()
    return (byClock, byProcessor)
}

/// From the call that ends a watch to the state with its end, at a caller that has waited for it.
func millisecondsToAWaitingCaller() async throws -> Double {
    var times: [Double] = []
    // Rests, so that nothing else changes while the caller waits.
    try client.backgrounded()
    for _ in 0..<news {
        let watch = try client.watch(transferID: "news", signature: signature)
        let waiting = Task {
            for try await state in watch where state.end != nil { return ContinuousClock.now }
            fatalError("the end was not told")
        }
        try await Task.sleep(for: .milliseconds(2))
        let start = ContinuousClock.now
        watch.close()
        times.append(seconds(try await waiting.value - start) * 1_000)
    }
    try client.foregrounded()
    return times.dropFirst(news / 5).sorted()[news * 2 / 5]
}

/// What one more idle watch adds to the process, with a task that waits for its next state; its socket's place in the
/// kernel aside. The median of some rounds.
func kilobytesOfAnIdleWatch() async throws -> Double {
    // Asked for before: what Foundation keeps of a request is no watch's.
    let names = (0..<watches).map { "idle-\($0)" }
    for name in names { try await service.script(name) }
    var measured: [Double] = []
    for _ in 0..<rounds {
        let before = allocated()
        var begun: [(TransferWatch, Task<Void, any Error>)] = []
        for name in names {
            let watch = try await beLive(name)
            begun.append((watch, Task { for try await _ in watch {} }))
        }
        // Each has taken its state, and waits.
        try await Task.sleep(for: .milliseconds(500))
        let after = allocated()
        for (watch, task) in begun {
            watch.close()
            try await task.value
        }
        begun = []
        try await Task.sleep(for: .seconds(1))
        measured.append(Double(after - before) / Double(watches) / 1_024)
    }
    // The first one also pays for what all share.
    return measured.dropFirst().sorted()[rounds / 2 - 1]
}

func live(_ id: String) async throws -> TransferWatch {
    try await service.script(id)
    return try await beLive(id)
}

func beLive(_ id: String) async throws -> TransferWatch {
    let watch = try client.watch(transferID: id, signature: signature)
    for try await state in watch where state.connection == .live && state.transfer != nil { return watch }
    fatalError("the watch of \(id) has ended")
}

func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}

/// The bytes that Swift and Rust have allocated.
func allocated() -> Int {
    #if canImport(CMalloc)
    Int(mallinfo2().uordblks)
    #else
    0
    #endif
}

/// The stand's scripted service.
struct Service {
    let name: String
    let url: String

    init() async throws {
        let started = try await Self.call(["op": "scripted"])
        guard let name = started["name"] as? String, let url = started["url"] as? String else {
            fatalError("the stand has started nothing")
        }
        self.name = name
        self.url = url
    }

    func script(_ id: String) async throws {
        let more = #""amount":12.10,"message":"The money is on its way","merchantId":"merchant-1","customerId":"customer-1""#
        let updated = #""updatedAt":"2026-01-15T10:30:00.000Z""#
        let frame =
            #"{"type":"status","transfer":{"id":"\#(id)","status":"processing",\#(updated),"version":1,\#(more)}}"#
        _ = try await Self.call(["op": "script", "name": name, "id": id, "socket": ["frames": [frame]]])
    }

    private static func call(_ command: [String: Any]) async throws -> [String: Any] {
        guard let stand = ProcessInfo.processInfo.environment["TRANSFER_STATUS_STAND"], let url = URL(string: stand)
        else { fatalError("no stand: run `cargo xtask bench mobile`") }
        var request = URLRequest(url: url)
        request.httpMethod = "POST"
        request.httpBody = try JSONSerialization.data(withJSONObject: command)
        let (data, _) = try await URLSession.shared.data(for: request)
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}

let states = try await statesASecond()
let waiting = try await millisecondsToAWaitingCaller()
let idle = try await kilobytesOfAnIdleWatch()
print(String(format: "Swift: states a second over the border      %12.0f   at least 20,000", states.byClock))
print(String(format: "Swift: the same, of processor time          %12.0f", states.byProcessor))
print(String(format: "Swift: news to a waiting caller, median     %9.3f ms   at most 1 ms", waiting))
print(String(format: "Swift: an idle watch                        %9.1f KB   at most 30 KB", idle))
exit(states.byClock < 20_000 || waiting > 1 || idle > 30 ? 1 : 0)
