// A payment on a phone's screen. Source to copy into an app; it needs Xcode, and is not built in CI.

import SwiftUI
import TransferStatus

/// Follows the payment of a scanned code for as long as it is on the screen.
@available(iOS 17, macOS 14, *)
struct PaymentScreen: View {
    let client: TransferStatusClient
    let code: QRPayload
    @State private var model = TransferModel()

    var body: some View {
        VStack(spacing: 24) {
            if let failure = model.failure {
                ContentUnavailableView("This is no payment", systemImage: "qrcode", description: Text("\(failure)"))
            } else {
                StatusView(transfer: model.state?.transfer, end: model.state?.end)
                ConnectionView(state: model.state)
            }
        }
        .padding()
        .task { await model.follow { try client.watch(code) } }
        .task { try? await client.reportScan(code) }
    }
}

@available(iOS 17, macOS 14, *)
private struct StatusView: View {
    let transfer: Transfer?
    let end: WatchEnd?

    var body: some View {
        VStack(spacing: 12) {
            Image(systemName: symbol)
                .font(.system(size: 64))
                .contentTransition(.symbolEffect(.replace))
                .accessibilityHidden(true)
            Text(title).font(.title2.bold())
            if let amount = transfer?.amount { Text(amount.text).font(.title.monospacedDigit()) }
            if let message = ended ?? transfer?.message { Text(message).foregroundStyle(.secondary) }
        }
        .multilineTextAlignment(.center)
        .accessibilityElement(children: .combine)
    }

    private var title: String {
        switch transfer?.status {
        case nil: "One moment"
        case .pending?: "Waiting for the bank"
        case .processing?: "On its way"
        case .completed?: "Paid"
        case .failed?: "Not paid"
        case .cancelled?: "Called off"
        case .other(let name)?: name
        }
    }

    private var symbol: String {
        switch transfer?.status {
        case .completed?: "checkmark.circle.fill"
        case .failed?, .cancelled?: "xmark.circle.fill"
        default: "hourglass"
        }
    }

    private var ended: String? {
        switch end {
        case .refused(_, let message)?, .signatureRefused(let message)?, .stopped(let message)?: message
        case .finalStatus?, .closed?, nil: nil
        }
    }
}

/// Says only what the customer can make use of: that the news may be late, and why.
@available(iOS 17, macOS 14, *)
private struct ConnectionView: View {
    let state: TransferState?

    var body: some View {
        if let problem = state?.problem, state?.end == nil {
            Label(problem.description, systemImage: "wifi.exclamationmark")
                .font(.footnote)
                .foregroundStyle(.secondary)
        }
    }
}
