// Why a call failed, to match on.
package dev.transferstatus

import dev.transferstatus.ffi.FfiException
import dev.transferstatus.ffi.InternalException
import java.time.Duration

/** Why a call failed. The message says what is wrong and what to do, and holds no secret. */
public sealed class TransferStatusException(message: String, cause: Throwable? = null) : Exception(message, cause) {
    /** The service's address cannot be right, or is plain text to a public host. */
    public class InvalidUrl internal constructor(message: String) : TransferStatusException(message)

    /** Not the name of a transfer. */
    public class InvalidTransferId internal constructor(message: String) : TransferStatusException(message)

    /** Not a signature. */
    public class InvalidSignature internal constructor(message: String) : TransferStatusException(message)

    /**
     * Not a payment's code.
     *
     * @property part what of it is wrong
     */
    public class InvalidQr internal constructor(public val part: QrPart, message: String) :
        TransferStatusException(message)

    /** Not the answer of `create-transfer-request`. */
    public class InvalidRequest internal constructor(message: String) : TransferStatusException(message)

    /** The authorities to trust cannot be used. */
    public class InvalidTrust internal constructor(message: String) : TransferStatusException(message)

    /** The client or the watch was closed. */
    public class Closed internal constructor(message: String) : TransferStatusException(message)

    /** The service refused the signature. */
    public class Unauthorized internal constructor(message: String) : TransferStatusException(message)

    /** The signature has expired. */
    public class Expired internal constructor(message: String) : TransferStatusException(message)

    /** The service does not allow it. */
    public class Forbidden internal constructor(message: String) : TransferStatusException(message)

    /**
     * Too many requests.
     *
     * @property retryAfter how long the service asked to wait
     */
    public class RateLimited internal constructor(public val retryAfter: Duration?, message: String) :
        TransferStatusException(message)

    /**
     * The service cannot serve now.
     *
     * @property status the HTTP status
     * @property retryAfter how long the service asked to wait
     */
    public class Unavailable internal constructor(
        public val status: Int,
        public val retryAfter: Duration?,
        message: String,
    ) : TransferStatusException(message)

    /**
     * No answer came.
     *
     * @property kind what stands in between
     */
    public class Unreachable internal constructor(public val kind: ProblemKind, message: String) :
        TransferStatusException(message)

    /**
     * An answer that the service does not give.
     *
     * @property status the HTTP status, where there was one
     */
    public class UnexpectedAnswer internal constructor(public val status: Int?, message: String) :
        TransferStatusException(message)

    /** What the environment says of a proxy cannot be used. */
    public class InvalidProxy internal constructor(message: String) : TransferStatusException(message)

    /**
     * The watch ended before what was waited for.
     *
     * @property end how it ended
     */
    public class Ended internal constructor(public val end: End) : TransferStatusException(describe(end))

    /** The system gave no thread. */
    public class System internal constructor(message: String) : TransferStatusException(message)

    /** The library failed inside, which is a bug of it. */
    public class Failed internal constructor(message: String, cause: Throwable) :
        TransferStatusException(message, cause)

    private companion object {
        private fun describe(end: End): String = when (end) {
            End.FinalStatus -> "the transfer reached its final status, which is not the one that was waited for"
            is End.Refused -> end.message
            is End.SignatureRefused -> end.message
            End.Closed -> "the watch was closed before what was waited for"
            is End.Stopped -> end.message
        }
    }
}

/** The parts of a payment's code. */
public enum class QrPart {
    /** The whole: it is over 8 KiB. */
    LENGTH,

    /** The page, which is no address that a code may lead to. */
    PAGE,

    /** The transfer's name. */
    TRANSFER_ID,

    /** The signature. */
    SIGNATURE,
}

/** Does [work] on the native side; what it throws is one of ours. */
internal inline fun <T> translated(work: () -> T): T =
    try {
        work()
    } catch (error: FfiException) {
        throw error.translate()
    } catch (error: InternalException) {
        throw TransferStatusException.Failed("the library failed inside: ${error.message}", error)
    } catch (error: IllegalStateException) {
        // The generated code's word for an object that was freed. A coroutine's cancellation is not to be taken for it.
        if (error is java.util.concurrent.CancellationException) throw error
        throw TransferStatusException.Closed("used after it was closed; make a new one")
    }

private fun ULong.toDuration(): Duration = Duration.ofMillis(coerceAtMost(Long.MAX_VALUE.toULong()).toLong())

internal fun FfiException.translate(): Exception = when (this) {
    is FfiException.InvalidUrl -> TransferStatusException.InvalidUrl(reason)
    is FfiException.InvalidTransferId -> TransferStatusException.InvalidTransferId(reason)
    is FfiException.InvalidSignature -> TransferStatusException.InvalidSignature(reason)
    is FfiException.InvalidQr -> TransferStatusException.InvalidQr(fault.toPart(), reason)
    is FfiException.InvalidRequest -> TransferStatusException.InvalidRequest(reason)
    is FfiException.InvalidRoots -> TransferStatusException.InvalidTrust(reason)
    is FfiException.Closed -> TransferStatusException.Closed("used after it was closed; make a new one")
    // Nothing here gives a token to cancel with.
    is FfiException.Cancelled -> TransferStatusException.Failed("a call was cancelled that nobody cancels", this)
    is FfiException.Unauthorized -> TransferStatusException.Unauthorized(reason)
    is FfiException.Expired -> TransferStatusException.Expired(reason)
    is FfiException.Forbidden -> TransferStatusException.Forbidden(reason)
    is FfiException.RateLimited -> TransferStatusException.RateLimited(retryAfterMillis?.toDuration(), reason)
    is FfiException.Unavailable ->
        TransferStatusException.Unavailable(status.toInt(), retryAfterMillis?.toDuration(), reason)
    is FfiException.Unreachable -> TransferStatusException.Unreachable(kind.toKind(), reason)
    is FfiException.UnexpectedAnswer -> TransferStatusException.UnexpectedAnswer(status?.toInt(), reason)
    is FfiException.InvalidProxy -> TransferStatusException.InvalidProxy(reason)
    is FfiException.System -> TransferStatusException.System(reason)
    is FfiException.Panicked -> TransferStatusException.Failed("the library failed inside: $reason", this)
}
