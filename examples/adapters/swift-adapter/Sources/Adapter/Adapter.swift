// Carries commands out by the package's public API. Nothing is decided here.

import Foundation
import TransferStatus

/// Used by the thread alone that reads commands.
final class Adapter {
    private let output: Output
    private let questions = Questions()
    /// A client each, so that a hint is for one watch. A watch goes on for as long as its task does.
    private var watches: [String: (client: TransferStatusClient, watch: TransferWatch)] = [:]

    init(output: Output) {
        self.output = output
    }

    func carryOut(_ line: String) {
        do {
            let command = try JSONDecoder().decode(Command.self, from: Data(line.utf8))
            switch command.cmd {
            case "watch": watch(command)
            case "hint": try hint(command)
            case "close": watches[command.watch ?? ""]?.watch.close()
            case "signature": answer(command)
            case "qr-read": read(command)
            case "exit": exit(0)
            default: output.event("fault", ("message", JSON("no command is called \(command.cmd)")))
            }
        } catch {
            output.event("fault", ("message", JSON("\(error)")))
        }
    }

    private func watch(_ command: Command) {
        let name = command.watch ?? ""
        do {
            let client = try TransferStatusClient(
                url: command.url ?? "", allowsPlainText: command.allowPlainText ?? false)
            let watch = try client.watch(
                transferID: command.transferId ?? "",
                signature: command.signature.map { Signature($0) },
                freshSignature: command.refresh == true ? source(name) : nil)
            watches[name] = (client, watch)
            let output = output
            Task { await tell(watch, as: name, to: output) }
        } catch {
            output.event("rejected", ("watch", JSON(name)), ("message", JSON("\(error)")))
        }
    }

    private func source(_ name: String) -> SignatureSource {
        let (output, questions) = (output, questions)
        return { _, _ in
            try await questions.ask { output.event("refresh", ("watch", JSON(name)), ("id", JSON($0))) }
        }
    }

    private func hint(_ command: Command) throws {
        guard let client = watches[command.watch ?? ""]?.client else { return }
        switch command.hint {
        case "online": try client.networkAvailable()
        case "offline": try client.networkLost()
        case "visible": try client.visible()
        case "foreground": try client.foregrounded()
        case "networkChanged": try client.networkChanged()
        case "suspend": try client.backgrounded()
        case "resume": try client.resumed()
        default: output.event("fault", ("message", JSON("no hint is called \(command.hint ?? "")")))
        }
    }

    private func answer(_ command: Command) {
        let answer: Result<Signature, any Error> =
            if let signature = command.signature {
                .success(Signature(signature))
            } else if command.outcome == "none" {
                .failure(SignatureRefused(command.message ?? "there is none"))
            } else {
                .failure(Retry(description: command.message ?? "not this time"))
            }
        questions.answered(command.id ?? 0, answer)
    }

    private func read(_ command: Command) {
        let id = JSON(command.id ?? 0)
        do {
            let code = try QRPayload(command.text ?? "")
            let signature = JSON(code.signature.expose())
            output.event("qr", ("id", id), ("transferId", JSON(code.transferID)), ("signature", signature))
        } catch {
            output.event("qr", ("id", id), ("rejected", JSON("\(error)")))
        }
    }
}
