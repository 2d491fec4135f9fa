// How fast states cross the border: how many in a second, and how soon a waiting caller has one. Needs no service.

import Foundation
import TransferStatus

/// A service that is not there: a watch of it has states all the same, and can be closed.
let client = try TransferStatusClient(url: "http://127.0.0.1:9")
let signature = Signature("a.b")

/// A loop that has just begun gets the state that stands, so this is the border and nothing else.
func statesASecond() async throws -> Double {
    let watch = try client.watch(transferID: "bench", signature: signature)
    let seconds = 2.0
    let start = ContinuousClock.now
    var states = 0
    while ContinuousClock.now - start < .seconds(seconds) {
        for _ in 0..<100 {
            var loop = watch.makeAsyncIterator()
            if try await loop.next() != nil { states += 1 }
        }
    }
    watch.close()
    return Double(states) / seconds
}

/// From the call that ends a watch to the state with its end, at a caller that has waited for it.
func toAWaitingCaller() async throws -> Duration {
    var times: [Duration] = []
    for _ in 0..<501 {
        // Rests, so that nothing else changes while the caller waits.
        try client.backgrounded()
        let watch = try client.watch(transferID: "bench", signature: signature)
        let waiting = Task {
            for try await state in watch where state.end != nil { return ContinuousClock.now }
            return ContinuousClock.now
        }
        try await Task.sleep(for: .milliseconds(2))
        let start = ContinuousClock.now
        watch.close()
        times.append(try await waiting.value - start)
    }
    return times.sorted()[times.count / 2]
}

let states = try await statesASecond()
let wait = try await toAWaitingCaller()
let microseconds = wait.components.seconds * 1_000_000 + wait.components.attoseconds / 1_000_000_000_000
print("Swift: \(Int(states)) states a second over the border (to reach: 20000)")
print("Swift: \(microseconds) µs to a waiting caller at the median (to reach: 1000)")
