// What the phone shows: a line for each thing that has changed.
package dev.transferstatus.scanner

import dev.transferstatus.Connection
import dev.transferstatus.Problem
import dev.transferstatus.Transfer
import dev.transferstatus.TransferState

/** What of [after] is not as it was [before]. */
internal fun difference(before: TransferState?, after: TransferState): List<String> = buildList {
    val transfer = after.transfer
    if (transfer != null && transfer != before?.transfer) add(line(transfer))
    if (after.connection != before?.connection) add(line(after.connection))
    val problem = after.problem
    if (problem != null && problem.kind != before?.problem?.kind) add(line(problem))
}

private fun line(transfer: Transfer): String = buildString {
    append("payment: ").append(transfer.statusName)
    transfer.version?.let { append(", version ").append(it) }
    transfer.amountText?.let { append(", amount ").append(it) }
    transfer.message?.let { append(", ").append(printable(it)) }
}

private fun line(connection: Connection): String = when (connection) {
    Connection.CONNECTING -> "connecting"
    Connection.LIVE -> "live"
    Connection.RECONNECTING -> "reconnecting"
    Connection.POLLING -> "asking every few seconds"
}

private fun line(problem: Problem): String = "problem: ${problem.message}"

/** A message comes from outside, and a terminal obeys control characters. */
private fun printable(text: String): String = text.filterNot { it.isISOControl() }
