// A payment as it stands.
package dev.transferstatus

import java.math.BigDecimal
import java.time.Instant

/**
 * A payment as it stands.
 *
 * @property id its name
 * @property status where it stands
 * @property statusName the status by its name, also one that this version does not know
 * @property isFinal whether nothing follows
 * @property message a text for people
 * @property amountText how much, with every digit as the backend wrote it; the currency is the backend's matter
 * @property merchantId who receives
 * @property customerId who pays
 * @property updatedAt when it last changed
 * @property metadataJson what the backend attached: a JSON object as it was sent
 * @property version 1 for the first update, 0 for "announced, nothing reported yet"; `null` from a service that counts none
 */
public data class Transfer internal constructor(
    public val id: String,
    public val status: Status,
    public val statusName: String,
    public val isFinal: Boolean,
    public val message: String?,
    public val amountText: String?,
    public val merchantId: String?,
    public val customerId: String?,
    public val updatedAt: Instant,
    public val metadataJson: String?,
    public val version: Long?,
) {
    /** The same number as [amountText], exact. */
    public val amount: BigDecimal? get() = amountText?.let(::BigDecimal)
}

/** Where a payment stands: `pending → processing → completed | failed | cancelled`. */
public enum class Status {
    /** Nothing has happened yet. */
    PENDING,

    /** Under way. */
    PROCESSING,

    /** Paid; final. */
    COMPLETED,

    /** Failed; final. */
    FAILED,

    /** Called off; final. */
    CANCELLED,

    /** One that this version does not know; [Transfer.statusName] says which. */
    OTHER,
}
