// The screen of a payment in Jetpack Compose. Source to start from: not built in CI, which has no Android SDK.
package dev.transferstatus.scanner.compose

import androidx.compose.animation.AnimatedContent
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.ViewModel
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewModelScope
import dev.transferstatus.Connection
import dev.transferstatus.QrPayload
import dev.transferstatus.Status
import dev.transferstatus.Transfer
import dev.transferstatus.TransferState
import dev.transferstatus.TransferStatusClient

/** Follows one payment for as long as its screen is there; a turn of the phone does not end it. */
class PaymentViewModel(client: TransferStatusClient, code: QrPayload) : ViewModel() {
    private val watch = client.watchIn(viewModelScope, code)

    val state = watch.state
}

/** A payment as it stands, and a word on the connection where it is not live. */
@Composable
fun PaymentScreen(model: PaymentViewModel) {
    val state by model.state.collectAsStateWithLifecycle()
    Payment(state)
}

@Composable
private fun Payment(state: TransferState) {
    Column(
        modifier = Modifier.fillMaxSize().padding(24.dp),
        verticalArrangement = Arrangement.spacedBy(16.dp, Alignment.CenterVertically),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        val transfer = state.transfer
        transfer?.amount?.let { Text("$it", style = MaterialTheme.typography.displayMedium) }
        AnimatedContent(transfer?.status, label = "status") { status ->
            Text(
                headline(status, transfer),
                // A screen reader tells each change.
                modifier = Modifier.semantics { liveRegion = LiveRegionMode.Polite },
                style = MaterialTheme.typography.headlineMedium,
            )
        }
        transfer?.message?.let { Text(it, style = MaterialTheme.typography.bodyLarge) }
        if (state.end == null && transfer?.isFinal != true) LinearProgressIndicator()
        if (state.end == null && state.connection != Connection.LIVE) {
            Text(state.problem?.message ?: "Connecting…", style = MaterialTheme.typography.bodySmall)
        }
    }
}

private fun headline(status: Status?, transfer: Transfer?): String = when (status) {
    null -> "One moment"
    Status.PENDING -> "Waiting for the payment"
    Status.PROCESSING -> "The payment is on its way"
    Status.COMPLETED -> "Paid"
    Status.FAILED -> "The payment failed"
    Status.CANCELLED -> "The payment was called off"
    Status.OTHER -> transfer?.statusName.orEmpty()
}
