// What a watch knows: plain values for a screen to draw from.
package dev.transferstatus

import java.time.Instant

/**
 * A watch as it stands, in one piece.
 *
 * @property transfer the newest state of the payment that is known, `null` until the first has come
 * @property connection how news travels
 * @property scan the last scan of the payment's code
 * @property problem what keeps the watch from being live; it goes on trying all the same
 * @property end the end, once it has come: no other state follows
 */
public data class TransferState internal constructor(
    public val transfer: Transfer? = null,
    public val connection: Connection = Connection.CONNECTING,
    public val scan: Scan? = null,
    public val problem: Problem? = null,
    public val end: End? = null,
)

/** How news travels. */
public enum class Connection {
    /** No status has come yet. */
    CONNECTING,

    /** The socket is open and has brought a status. */
    LIVE,

    /** There is no socket now; what was shown may be out of date. */
    RECONNECTING,

    /** Sockets do not get through, but polls are answered: news comes with a few seconds' delay. */
    POLLING,
}

/**
 * The payment's code was scanned, or the scan was taken back.
 *
 * @property scanned whether it was scanned, or the scan was taken back
 * @property at when
 */
public data class Scan internal constructor(public val scanned: Boolean, public val at: Instant)

/** How a watch ended. */
public sealed interface End {
    /** With the final status, which [TransferState.transfer] has. */
    public data object FinalStatus : End

    /**
     * The server refused, or closed with a code that makes trying again pointless.
     *
     * @property code the close code: 4401 for a signature that is wrong, 4404 for a transfer that was deleted, and so on
     * @property message a text that says why
     */
    public data class Refused internal constructor(public val code: Int, public val message: String) : End

    /**
     * There is no valid signature any more.
     *
     * @property message a text that says what to do
     */
    public data class SignatureRefused internal constructor(public val message: String) : End

    /** The watch or its client was closed in this app. */
    public data object Closed : End

    /**
     * What carried the watch is gone.
     *
     * @property message a text that says why
     */
    public data class Stopped internal constructor(public val message: String) : End
}

/**
 * What a watch has done so far, for a support log.
 *
 * @property dials sockets that were dialled
 * @property failedDials dials that ended before the socket was open
 * @property reconnects sockets that opened after the first one
 * @property frames messages that came in over sockets
 * @property polls polls that were sent
 * @property failedPolls polls that got no usable answer
 * @property refreshes fresh signatures that were asked for
 * @property firstStatusAfterMillis milliseconds from the start of the watch to its first status
 */
public data class WatchStats internal constructor(
    public val dials: Long,
    public val failedDials: Long,
    public val reconnects: Long,
    public val frames: Long,
    public val polls: Long,
    public val failedPolls: Long,
    public val refreshes: Long,
    public val firstStatusAfterMillis: Long?,
)
