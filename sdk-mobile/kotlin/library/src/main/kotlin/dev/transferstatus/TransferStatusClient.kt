// The client of one service: what an app makes once, and watches payments with.
package dev.transferstatus

import dev.transferstatus.ffi.FfiClient
import dev.transferstatus.ffi.FfiClientOptions
import dev.transferstatus.ffi.FfiHint
import dev.transferstatus.ffi.FfiTarget
import java.security.cert.X509Certificate
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow

/**
 * Follows payments of one service, live.
 *
 * ```kotlin
 * val client = TransferStatusClient("https://status.example.com")
 * client.watch(QrPayload.parse(scanned)).collect { state ->
 *     show(state.transfer, state.connection, state.problem)
 * }
 * ```
 *
 * A watch reconnects by itself for as long as somebody collects it: with backoff, over a dead link, through deploys of the
 * service, and by HTTP polling where sockets do not get through. Each version of a payment is shown at most once, never an
 * older one after a newer one, and the final one always.
 *
 * Tell it what the phone knows: [backgrounded] and [foregrounded], [networkLost], [networkAvailable] and [networkChanged].
 * All clients of a process share one native thread, which goes when the last one is closed. Safe for use from any thread.
 */
public class TransferStatusClient internal constructor(private val native: FfiClient) : AutoCloseable {
    /**
     * A client of the service at [url]. It does nothing until something is watched.
     *
     * The first one of a process loads the native library. On Android each reads the authorities of the system from storage,
     * some 150: make it off the main thread, once.
     *
     * @param url the service's address, such as `https://status.example.com`
     * @param allowPlainText allows `http://` and `ws://` beyond this machine and private networks
     * @param trust the authorities to trust; `null` for those of the platform
     * @throws TransferStatusException.InvalidUrl the address cannot be right, or is plain text to a public host
     */
    @JvmOverloads
    public constructor(
        url: String,
        allowPlainText: Boolean = false,
        trust: List<X509Certificate>? = null,
    ) : this(translated { FfiClient(FfiClientOptions(url, allowPlainText, roots(trust))) })

    init {
        NativeThreads.stayAttached()
    }

    /**
     * Watches the transfer of a scanned code, one socket for each collector.
     *
     * The flow is cold: the watch begins when it is collected and ends when the collector is cancelled or the end has come,
     * which is the last state ([TransferState.end]). A slow collector skips what was overtaken, never the end.
     *
     * @param refresh where fresh signatures come from when the code's has expired; without it the watch ends then
     */
    @JvmOverloads
    public fun watch(qr: QrPayload, refresh: SignatureSource? = null): Flow<TransferState> =
        watch(qr.transferId, qr.signature, refresh)

    /** Watches the transfer of a request that the app's own backend has made. As for a code. */
    @JvmOverloads
    public fun watch(request: TransferRequest, refresh: SignatureSource? = null): Flow<TransferState> =
        watch(request.transferId, request.signature, refresh)

    /**
     * Watches the transfer with a name. As for a code; without a [signature] the watch begins by asking [refresh] for one.
     */
    @JvmOverloads
    public fun watch(
        transferId: String,
        signature: Signature? = null,
        refresh: SignatureSource? = null,
    ): Flow<TransferState> = channelFlow {
        begin(transferId, signature, refresh).use { it.pump(::send) }
    }.buffer(Channel.CONFLATED)

    /**
     * Watches the transfer of a scanned code for as long as [scope] lives, one socket for all who look at it.
     *
     * For a screen's model: the state is there to be read at any time. The watch ends with its scope, with
     * [TransferWatch.close], or when the end has come.
     */
    @JvmOverloads
    public fun watchIn(scope: CoroutineScope, qr: QrPayload, refresh: SignatureSource? = null): TransferWatch =
        watchIn(scope, qr.transferId, qr.signature, refresh)

    /** Watches the transfer of a request for as long as [scope] lives. As for a code. */
    @JvmOverloads
    public fun watchIn(scope: CoroutineScope, request: TransferRequest, refresh: SignatureSource? = null): TransferWatch =
        watchIn(scope, request.transferId, request.signature, refresh)

    /** Watches the transfer with a name for as long as [scope] lives. As for a code. */
    @JvmOverloads
    public fun watchIn(
        scope: CoroutineScope,
        transferId: String,
        signature: Signature? = null,
        refresh: SignatureSource? = null,
    ): TransferWatch = TransferWatch(transferId, begin(transferId, signature, refresh), scope)

    /**
     * The transfer as it stands; one that nobody has reported yet is pending, with version 0.
     *
     * @throws TransferStatusException what was wrong with the request, the answer or the way there
     */
    public suspend fun get(transferId: String, signature: Signature): Transfer =
        translated { native.get(transferId, signature.text, null) }.toTransfer()

    /**
     * Tells those who watch the transfer that its code was scanned, or that the scan was taken back.
     *
     * @throws TransferStatusException what was wrong with the request, the answer or the way there
     */
    @JvmOverloads
    public suspend fun reportScan(qr: QrPayload, scanned: Boolean = true): Unit =
        reportScan(qr.transferId, qr.signature, scanned)

    /** Tells those who watch the transfer with a name of a scan. As for a code. */
    @JvmOverloads
    public suspend fun reportScan(transferId: String, signature: Signature, scanned: Boolean = true): Unit =
        translated { native.reportScan(transferId, signature.text, scanned, null) }

    /** The app is in front again: whatever rests connects, and what is connected is probed. */
    public fun foregrounded(): Unit = hint(FfiHint.FOREGROUND)

    /** The app goes to the background: its watches drop their sockets and rest, with no timer left, until it is back. */
    public fun backgrounded(): Unit = hint(FfiHint.SUSPEND)

    /** The process runs again after it was frozen. As [foregrounded]. */
    public fun resumed(): Unit = hint(FfiHint.RESUME)

    /** The screen is seen again. As [foregrounded]. */
    public fun visible(): Unit = hint(FfiHint.VISIBLE)

    /** Another network carries now, Wi-Fi in place of mobile data, say. */
    public fun networkChanged(): Unit = hint(FfiHint.NETWORK_CHANGED)

    /** There is no network, as far as the system knows. It stops nothing: systems err. */
    public fun networkLost(): Unit = hint(FfiHint.OFFLINE)

    /** There is a network again. */
    public fun networkAvailable(): Unit = hint(FfiHint.ONLINE)

    /** Ends all watches of this client, each with [End.Closed], and frees what it holds. A second call does nothing. */
    override fun close() {
        try {
            translated { native.endAll() }
        } catch (_: TransferStatusException.Closed) {
            return
        }
        native.destroy()
    }

    private fun hint(hint: FfiHint) = translated { native.hint(hint) }

    private fun begin(transferId: String, signature: Signature?, refresh: SignatureSource?): Pump {
        val target = FfiTarget(transferId, signature?.text, signature?.expiry?.toULong(), refresh != null)
        return Pump(transferId, translated { native.watch(target) }, refresh)
    }

    internal companion object {
        private fun roots(trust: List<X509Certificate>?): List<ByteArray>? =
            (trust ?: PlatformTrust.roots())?.map { it.encoded }
    }
}
