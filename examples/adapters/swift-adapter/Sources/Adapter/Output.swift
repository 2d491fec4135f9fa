// Events on stdout: one JSON object a line, flushed after each.

import Foundation
import Synchronization

/// A value that is JSON already.
struct JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    let text: String

    static let null = JSON(raw: "null")

    init(raw text: String) { self.text = text }
    init(stringLiteral text: String) { self.init(text) }
    init(booleanLiteral bool: Bool) { self.init(bool) }

    init(_ bool: Bool) { self.init(raw: bool ? "true" : "false") }
    init(_ number: some BinaryInteger) { self.init(raw: "\(number)") }
    init(_ number: Double) { self.init(raw: "\(number)") }
    init(_ text: String) {
        let encoded = try? JSONEncoder().encode(text)
        self.init(raw: encoded.map { String(decoding: $0, as: UTF8.self) } ?? "null")
    }
    init(_ list: [JSON]) { self.init(raw: "[\(list.map(\.text).joined(separator: ","))]") }
    init(_ members: [(String, JSON)]) {
        self.init(raw: "{\(members.map { "\(JSON($0).text):\($1.text)" }.joined(separator: ","))}")
    }
}

final class Output: Sendable {
    private let lock = Mutex(())

    func event(_ name: String, _ members: (String, JSON)...) {
        event(name, members)
    }

    func event(_ name: String, _ members: [(String, JSON)]) {
        let line = JSON([("event", JSON(name))] + members).text + "\n"
        lock.withLock { _ in
            try? FileHandle.standardOutput.write(contentsOf: Data(line.utf8))
        }
    }

    func ready() {
        var can = [
            "watch", "refresh", "late-signature", "problem", "qr", "allow-plain-text", "causes", "upgrade-status", "signals",
            "hint:online", "hint:offline", "hint:visible", "hint:foreground", "hint:networkChanged", "hint:suspend",
            "hint:resume",
        ]
        #if os(Linux)
        can.append("roots")
        #endif
        event("ready", ("sdk", "swift"), ("can", JSON(can.map { JSON($0) })))
    }
}
