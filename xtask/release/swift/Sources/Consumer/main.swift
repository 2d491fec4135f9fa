// Follows a payment to its end, by a program that has only the exported package.
import Foundation
import TransferStatus

let environment = ProcessInfo.processInfo.environment
let client = try TransferStatusClient(url: environment["TRANSFER_STATUS_URL"] ?? "")
let code = try QRPayload(environment["TRANSFER_STATUS_QR"] ?? "")
for try await state in try client.watch(code) {
    guard let end = state.end else { continue }
    print("swift: \(state.transfer.map { "\($0.status)" } ?? "\(end)")")
}
