// How the tests wait.
package dev.transferstatus.support

import dev.transferstatus.TransferState
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** Runs a story; one that hangs fails. */
fun story(tell: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(90.seconds) { tell() } }

/** Takes states until one [isSo], and gives it. */
suspend fun ReceiveChannel<TransferState>.until(what: String, isSo: (TransferState) -> Boolean): TransferState {
    var last: TransferState? = null
    for (state in this) {
        if (isSo(state)) return state
        last = state
    }
    error("the watch ended before it came to $what; last it was $last")
}
