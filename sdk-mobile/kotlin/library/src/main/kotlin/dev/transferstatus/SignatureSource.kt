// Where fresh signatures come from.
package dev.transferstatus

/**
 * Gets a fresh signature for a watch whose own has expired, from the app's backend as a rule.
 *
 * It may suspend for as long as it needs, and is cancelled when the watch ends. When it throws, it is asked again after a
 * while, and the error's message is shown as the cause of the [Problem]; when it throws [SignatureRefusedException], the
 * watch ends.
 */
public fun interface SignatureSource {
    /** A fresh signature for [transferId]. */
    public suspend fun fresh(transferId: String, reason: RefreshReason): Signature
}

/** Why a fresh signature is asked for. */
public enum class RefreshReason {
    /** The watch began with none. */
    MISSING,

    /** The one at hand has expired. */
    EXPIRED,
}

/** There is no signature any more (the payment was called off, say): asking again is pointless. */
public class SignatureRefusedException @JvmOverloads constructor(
    message: String = "there is no signature any more",
    cause: Throwable? = null,
) : Exception(message, cause)
