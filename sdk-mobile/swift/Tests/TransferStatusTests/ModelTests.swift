// What SwiftUI's half rests on: the model that a screen draws from, and which windows are in front.

import Foundation
import Testing
import TransferStatus

extension Stories {
    @Suite struct Scenes {
        @Test func an_app_with_two_windows_is_in_the_background_when_both_are() {
            let scenes = ScenesInFront()
            let (left, right) = (UUID(), UUID())
            scenes.add(left)
            scenes.add(right)
            scenes.add(right)
            #expect(!scenes.remove(left), "the other window still follows a payment")
            scenes.add(left)
            #expect(!scenes.remove(right))
            #expect(scenes.remove(left))
            #expect(scenes.remove(left), "one that was launched in the background rests")
        }
    }
}

#if canImport(Observation)
import Observation

extension Stories {
    @Suite @MainActor struct Models {
        @available(iOS 17, macOS 14, *)
        @Test(.timeLimit(.minutes(1)))
        func a_model_shows_each_state_until_its_task_is_cancelled() async throws {
            let service = try await Scripted()
            let id = freshID("model")
            try await service.script(id, socket: ["frames": [.text(frame(id, "pending", version: 1))]])
            let client = try TransferStatusClient(url: service.url)
            let model = TransferModel()
            #expect(model.state == nil)
            let screen = Task { await model.follow { try client.watch(transferID: id, signature: Signature("a.b")) } }
            try await changed(model) { $0.state?.transfer?.version == 1 }
            try await service.send(id, frame(id, "completed", version: 2))
            try await changed(model) { $0.state?.end == .finalStatus }
            await screen.value
            #expect(model.failure == nil)
        }

        @available(iOS 17, macOS 14, *)
        @Test func a_model_tells_why_there_is_nothing_to_follow() async throws {
            let client = try TransferStatusClient(url: "https://status.example.com")
            let model = TransferModel()
            await model.follow { try client.watch(QRPayload("https://example.com/menu")) }
            guard case .invalidQR? = model.failure as? TransferStatusError else {
                Issue.record("\(String(describing: model.failure))")
                return
            }
        }

        /// Waits as SwiftUI does: for the next change of what was read.
        @available(iOS 17, macOS 14, *)
        private func changed(_ model: TransferModel, to test: (TransferModel) -> Bool) async throws {
            while true {
                let (changes, told) = AsyncStream.makeStream(of: Void.self)
                let holds = withObservationTracking {
                    test(model)
                } onChange: {
                    told.finish()
                }
                if holds { return }
                for await _ in changes {}
                await Task.yield()
            }
        }
    }
}
#endif
