// The app around the screen: one client, told what the phone knows. Source to copy; not built in CI.

import SwiftUI
import TransferStatus

/// The root view, with what the camera has read. The scene keeps that text: a payment that was on the screen when the system
/// ended the app is followed again when the customer comes back to it. It is the right to watch that one payment, for as long
/// as its signature is valid, and no more.
@available(iOS 17, macOS 14, *)
struct PaymentRoot: View {
    let client: TransferStatusClient
    @SceneStorage("scanned") private var scanned = ""
    @State private var network: NetworkPathHints?

    var body: some View {
        Group {
            if scanned.isEmpty {
                ScanScreen { scanned = $0 }
            } else if let code = try? QRPayload(scanned) {
                // Another code is another screen, with a model of its own.
                PaymentScreen(client: client, code: code) { scanned = "" }.id(code)
            } else {
                ContentUnavailableView {
                    Label("This is no payment’s code", systemImage: "qrcode")
                } actions: {
                    Button("Scan again") { scanned = "" }
                }
            }
        }
        .transferStatusHints(client)
        .task { network = NetworkPathHints(client) }
    }
}

/// Stands for the app's own camera: a `DataScannerViewController`, say.
@available(iOS 17, macOS 14, *)
private struct ScanScreen: View {
    let read: (String) -> Void
    @State private var text = ""

    var body: some View {
        Form {
            TextField("What the code says", text: $text)
                .autocorrectionDisabled()
                .onSubmit { read(text) }
        }
    }
}
