// A watch that lives in a scope: its state is there to be read at any time.
package dev.transferstatus

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.launch

/**
 * A watched transfer with its state at hand, for a screen's model. Made by [TransferStatusClient.watchIn].
 *
 * However many look at it, it has one socket. It ends with its scope, with [close], or when the end has come.
 */
public class TransferWatch internal constructor(
    /** The transfer that is watched. */
    public val transferId: String,
    private val pump: Pump,
    scope: CoroutineScope,
) : AutoCloseable {
    private val mutableState = MutableStateFlow(TransferState())
    private val mutableConnection = MutableStateFlow(Connection.CONNECTING)

    /** The watch as it stands. The last value has its [TransferState.end]. */
    public val state: StateFlow<TransferState> = mutableState.asStateFlow()

    /** How news travels at the moment. */
    public val connection: StateFlow<Connection> = mutableConnection.asStateFlow()

    /** The states from the present one on; it completes with the end. */
    public val states: Flow<TransferState> = mutableState.transformWhile { state ->
        emit(state)
        state.end == null
    }

    /** The transfer at each change, without what concerns the connection; it completes with the end. */
    public val transfers: Flow<Transfer> = mutableState.transformWhile { state ->
        state.transfer?.let { emit(it) }
        state.end == null
    }.distinctUntilChanged()

    private val job: Job = scope.launch { pump.pump(::show) }

    @Volatile
    private var lastStats: WatchStats? = null

    init {
        // Also when the scope was cancelled, or is over already.
        job.invokeOnCompletion {
            lastStats = pump.stats()
            pump.close()
            val last = mutableState.value
            if (last.end == null) mutableState.value = last.copy(end = End.Closed)
        }
    }

    /**
     * Waits for the final status.
     *
     * @throws TransferStatusException.Ended the watch ended without one
     */
    public suspend fun finished(): Transfer = waitFor { it.isFinal }

    /**
     * Waits for the first state of the transfer that [isSo] accepts; the present one counts.
     *
     * @throws TransferStatusException.Ended the watch ended before there was one
     */
    public suspend fun waitFor(isSo: (Transfer) -> Boolean): Transfer {
        val state = state.first { state -> state.end != null || state.transfer?.let(isSo) == true }
        return state.transfer?.takeIf(isSo) ?: throw TransferStatusException.Ended(state.end ?: End.Closed)
    }

    /** What the watch has done so far, for a support log. */
    public fun stats(): WatchStats = lastStats ?: pump.stats()

    /** Ends the watch: its last state has [End.Closed]. A second call does nothing. */
    override fun close(): Unit = pump.end()

    private fun show(state: TransferState) {
        mutableConnection.value = state.connection
        mutableState.value = state
    }
}
