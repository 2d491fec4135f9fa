// The protocol's vectors through Swift: codes by the reader, messages over a socket.

import Foundation
import Testing
import TransferStatus

enum Vectors {
    /// A file of the project.
    static func file(_ path: String) -> URL {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<5 { root.deleteLastPathComponent() }
        return root.appendingPathComponent(path)
    }

    struct File<Case: Decodable>: Decodable { let cases: [Case] }

    static func cases<Case: Decodable>(_ name: String) throws -> [Case] {
        let data = try Data(contentsOf: file("protocol/tests/vectors/\(name)"))
        return try JSONDecoder().decode(File<Case>.self, from: data).cases
    }
}

extension Stories {
    @Suite struct Contract {
        private struct Code: Decodable {
            let name, page, transferId, signature, long: String
            let short: String?
        }

        @Test func codes_in_both_forms() throws {
            let cases: [Code] = try Vectors.cases("qr.json")
            #expect(cases.count >= 15)
            for code in cases {
                for text in [code.long, code.short].compactMap({ $0 }) {
                    let read = try QRPayload(text)
                    #expect(read.page == code.page, "\(code.name)")
                    #expect(read.transferID == code.transferId, "\(code.name)")
                    #expect(read.signature.expose() == code.signature, "\(code.name)")
                }
            }
        }

        private struct Message: Decodable {
            let name, direction, text: String
            let valid: Bool
        }

        @Test(.timeLimit(.minutes(3))) func messages_of_the_server() async throws {
            let cases: [Message] = try Vectors.cases("messages.json")
            let service = try await Scripted()
            let client = try TransferStatusClient(url: service.url)
            let messages = cases.filter { $0.direction == "server" }
            #expect(messages.count >= 20)
            for message in messages {
                let id = "transfer-123"
                let value = try? JSONDecoder().decode(JSON.self, from: Data(message.text.utf8))
                let sent = value?["transfer"]
                let type = value?["type"]?.text
                // After one that can be read comes a newer one, which tells that the first was passed over.
                let newest = frame(id, "other-\(UUID().uuidString)", version: 1_000_000)
                // A broken notice is passed over like a whole one: it says nothing of the transfer.
                let passedOver = message.valid || type == "error"
                let frames: [JSON] = passedOver ? [.text(message.text), .text(newest)] : [.text(message.text)]
                try await service.script(id, socket: ["frames": .list(frames)])
                let watch = try client.watch(transferID: id, signature: Signature("a.b"))
                let told = try await watch.first { $0.problem != nil || $0.transfer != nil }
                if passedOver {
                    #expect(told.problem == nil, "\(message.name)")
                    let first = sent?["status"]?.text
                    if let first, told.transfer?.status.name == first {
                        #expect(told.transfer?.id == sent?["id"]?.text, "\(message.name)")
                    } else {
                        // Overtaken in one read, or nothing to show.
                        #expect(told.transfer?.version == 1_000_000, "\(message.name)")
                    }
                } else {
                    guard case .malformed? = told.problem?.kind else {
                        Issue.record("\(message.name): \(told)")
                        continue
                    }
                }
                watch.close()
            }
        }
    }
}
