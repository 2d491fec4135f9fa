// The app around the screen: one client, told what the phone knows. Source to copy; not built in CI.

import SwiftUI
import TransferStatus

@available(iOS 17, macOS 14, *)
struct PaymentRoot: View {
    let client: TransferStatusClient
    /// What the camera has read.
    let scanned: String
    @State private var network: NetworkPathHints?

    var body: some View {
        Group {
            if let code = try? QRPayload(scanned) {
                PaymentScreen(client: client, code: code)
            } else {
                ContentUnavailableView("This is no payment's code", systemImage: "qrcode")
            }
        }
        .transferStatusHints(client)
        .onAppear { network = NetworkPathHints(client) }
    }
}
