// The screen of a payment in Jetpack Compose. Source to start from: not built in CI, which has no Android SDK.
package dev.transferstatus.scanner.compose

import androidx.compose.animation.AnimatedContent
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawingPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewModelScope
import dev.transferstatus.Connection
import dev.transferstatus.End
import dev.transferstatus.QrPayload
import dev.transferstatus.Status
import dev.transferstatus.Transfer
import dev.transferstatus.TransferState
import dev.transferstatus.TransferStatusClient
import dev.transferstatus.TransferStatusException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.plus

/** Where the saved state has what the camera has read; a navigation argument of that name does the same. */
const val SCANNED = "scanned"

/**
 * Follows one payment for as long as its screen is there; a turn of the phone does not end it, and a process that the system
 * ended takes the payment up again, by the text in [saved].
 *
 * @throws TransferStatusException.InvalidQr what was scanned is no payment's code; parse it before the screen is opened
 */
class PaymentViewModel(private val client: TransferStatusClient, saved: SavedStateHandle) : ViewModel() {
    private val code = QrPayload.parse(saved.get<String>(SCANNED).orEmpty())

    // Off the main thread: what comes is read and laid out there, and the screen gets the finished state.
    private val watch = client.watchIn(viewModelScope + Dispatchers.Default, code)

    val state = watch.state

    init {
        viewModelScope.launch {
            try {
                client.reportScan(code)
            } catch (_: TransferStatusException) {
                // The page does without, and the watch tells what is wrong.
            }
        }
    }
}

/** A payment as it stands, and a word on the connection where it is not live. */
@Composable
fun PaymentScreen(model: PaymentViewModel) {
    val state by model.state.collectAsStateWithLifecycle()
    // Gives the text its colour, in the dark too.
    Surface(Modifier.fillMaxSize()) { Payment(state) }
}

@Composable
private fun Payment(state: TransferState) {
    Column(
        // Text as large as the customer wants it needs room to scroll.
        modifier = Modifier.safeDrawingPadding().verticalScroll(rememberScrollState()).padding(24.dp),
        verticalArrangement = Arrangement.spacedBy(16.dp, Alignment.CenterVertically),
        horizontalAlignment = Alignment.CenterHorizontally,
    ) {
        val transfer = state.transfer
        val stopped = state.end?.stopped()
        // Its digits are the backend's own; the currency is the app's to know.
        transfer?.amountText?.let { Text(it, style = MaterialTheme.typography.displayMedium) }
        AnimatedContent(
            headline(transfer, stopped),
            // Around what moves, so that a screen reader tells each change once.
            modifier = Modifier.semantics { liveRegion = LiveRegionMode.Polite },
            label = "status",
        ) { headline -> Text(headline, style = MaterialTheme.typography.headlineMedium, textAlign = TextAlign.Center) }
        val message = stopped ?: transfer?.message
        message?.let { Text(it, style = MaterialTheme.typography.bodyLarge, textAlign = TextAlign.Center) }
        if (state.end == null && transfer?.isFinal != true) LinearProgressIndicator()
        if (state.end == null && state.connection != Connection.LIVE) {
            Text(
                state.problem?.message ?: "Connecting…",
                style = MaterialTheme.typography.bodySmall,
                textAlign = TextAlign.Center,
            )
        }
    }
}

/** Why a watch ended before the payment did; `null` where the payment has its end. */
private fun End.stopped(): String? = when (this) {
    is End.Refused -> message
    is End.SignatureRefused -> message
    is End.Stopped -> message
    End.FinalStatus, End.Closed -> null
}

/** An app has these in its resources, in its customers' languages. */
private fun headline(transfer: Transfer?, stopped: String?): String = when {
    // What was refused or cut off is not waited for any more.
    stopped != null -> "The payment cannot be followed"
    transfer == null -> "One moment"
    else -> when (transfer.status) {
        Status.PENDING -> "Waiting for the payment"
        Status.PROCESSING -> "The payment is on its way"
        Status.COMPLETED -> "Paid"
        Status.FAILED -> "The payment failed"
        Status.CANCELLED -> "The payment was called off"
        Status.OTHER -> transfer.statusName
    }
}
