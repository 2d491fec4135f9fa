// A payment on a phone's screen. Source to copy into an app; it needs Xcode, and is not built in CI.

import SwiftUI
import TransferStatus

/// Follows the payment of a scanned code for as long as it is on the screen.
@available(iOS 17, macOS 14, *)
struct PaymentScreen: View {
    let client: TransferStatusClient
    let code: QRPayload
    let done: () -> Void
    @State private var model = TransferModel()

    var body: some View {
        // Text as large as the customer wants it needs room to scroll.
        ScrollView {
            VStack(spacing: 24) {
                if let failure = model.failure {
                    ContentUnavailableView(
                        "This payment cannot be shown", systemImage: "qrcode", description: Text(verbatim: "\(failure)"))
                } else {
                    StatusView(transfer: model.state?.transfer, end: model.state?.end)
                    ConnectionView(state: model.state)
                }
                if model.failure != nil || model.state?.end != nil {
                    Button("Done", action: done).buttonStyle(.borderedProminent)
                }
            }
            .frame(maxWidth: .infinity)
            .padding()
        }
        .defaultScrollAnchor(.center)
        .task { await model.follow { try client.watch(code) } }
        // The page does without when it gets no answer.
        .task { try? await client.reportScan(code) }
    }
}

@available(iOS 17, macOS 14, *)
private struct StatusView: View {
    let transfer: Transfer?
    let end: WatchEnd?
    /// Grows with the text.
    @ScaledMetric(relativeTo: .title2) private var symbolSize = 64

    var body: some View {
        VStack(spacing: 12) {
            Image(systemName: symbol)
                .font(.system(size: symbolSize))
                .foregroundStyle(colour)
                .contentTransition(.symbolEffect(.replace))
                .accessibilityHidden(true)
            Text(title).font(.title2.bold())
            // Its digits are the backend's own; the currency is the app's to know.
            if let amount = transfer?.amount { Text(verbatim: amount.text).font(.title.monospacedDigit()) }
            if let message = ended ?? transfer?.message { Text(verbatim: message).foregroundStyle(.secondary) }
        }
        .multilineTextAlignment(.center)
        .accessibilityElement(children: .combine)
        .accessibilityAddTraits(.updatesFrequently)
        // Who does not look at the screen hears what has become of the payment.
        .onChange(of: title) { AccessibilityNotification.Announcement(title).post() }
    }

    private var title: String {
        // What was refused or cut off is not waited for any more.
        if ended != nil { return String(localized: "The payment cannot be followed") }
        return switch transfer?.status {
        case nil: String(localized: "One moment")
        case .pending?: String(localized: "Waiting for the bank")
        case .processing?: String(localized: "On its way")
        case .completed?: String(localized: "Paid")
        case .failed?: String(localized: "Not paid")
        case .cancelled?: String(localized: "Called off")
        case .other(let name)?: name
        }
    }

    private var symbol: String {
        if ended != nil { return "questionmark.circle.fill" }
        return switch transfer?.status {
        case .completed?: "checkmark.circle.fill"
        case .failed?, .cancelled?: "xmark.circle.fill"
        default: "hourglass"
        }
    }

    /// The system's own, which suit light and dark; the symbol says the same without them.
    private var colour: Color {
        switch transfer?.status {
        case _ where ended != nil: .secondary
        case .completed?: .green
        case .failed?, .cancelled?: .red
        default: .secondary
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
