// What begins a watch: a scanned code, the answer of a backend, a signature.
package dev.transferstatus

import dev.transferstatus.ffi.readQr
import dev.transferstatus.ffi.readRequest

/**
 * The right to watch one transfer, for anyone who holds it. It is not printed.
 *
 * @param text the signature as the backend made it
 * @param expiry the last second in which it is valid, since 1970, where that is known: the watch then asks for another in time
 */
public class Signature @JvmOverloads constructor(internal val text: String, public val expiry: Long? = null) {
    init {
        if (expiry != null && expiry < 0) {
            throw TransferStatusException.InvalidSignature("expiry is negative; give Unix seconds")
        }
    }

    /** The signature's text. Keep it out of logs. */
    public fun expose(): String = text

    override fun toString(): String = "[redacted]"

    override fun equals(other: Any?): Boolean = other is Signature && other.text == text && other.expiry == expiry

    override fun hashCode(): Int = text.hashCode()
}

/**
 * What a payment's QR code holds.
 *
 * @property page the address of the page that shows the code, with no slash at its end
 * @property transferId the transfer to watch
 * @property signature the right to watch it
 */
public class QrPayload private constructor(
    public val page: String,
    public val transferId: String,
    public val signature: Signature,
) {
    override fun toString(): String = "QrPayload(page=$page, transferId=$transferId, signature=[redacted])"

    /** Reads codes. */
    public companion object {
        /**
         * Reads a scanned text, in the long or the short form.
         *
         * @throws TransferStatusException.InvalidQr the text is no payment's code; the error never repeats it
         */
        @JvmStatic
        public fun parse(text: String): QrPayload {
            val read = translated { readQr(text) }
            return QrPayload(read.page, read.transferId, Signature(read.signature))
        }
    }
}

/**
 * What `create-transfer-request` answers.
 *
 * @property transferId the transfer to watch
 * @property merchantId whose transfer it is
 * @property signature the right to watch it, which knows its expiry
 */
public class TransferRequest private constructor(
    public val transferId: String,
    public val merchantId: String,
    public val signature: Signature,
) {
    override fun toString(): String =
        "TransferRequest(transferId=$transferId, merchantId=$merchantId, signature=[redacted])"

    /** Reads answers. */
    public companion object {
        /**
         * Reads the answer's JSON as it came.
         *
         * @throws TransferStatusException.InvalidRequest the text is no such answer; the error never repeats it
         */
        @JvmStatic
        public fun parse(json: String): TransferRequest {
            val read = translated { readRequest(json) }
            val expiry = read.expiry.coerceAtMost(Long.MAX_VALUE.toULong()).toLong()
            return TransferRequest(read.transferId, read.merchantId, Signature(read.signature, expiry))
        }
    }
}
