// What is told: the difference between two states as events, a line each.
package dev.transferstatus.adapter

import dev.transferstatus.End
import dev.transferstatus.Problem
import dev.transferstatus.ProblemKind
import dev.transferstatus.Transfer
import dev.transferstatus.TransferState
import java.io.FileDescriptor
import java.io.FileOutputStream
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonUnquotedLiteral
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

private val stdout = FileOutputStream(FileDescriptor.out)
private val rfc3339: DateTimeFormatter = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC)

/** Writes an event. */
internal fun say(event: String, more: JsonObjectBuilder.() -> Unit) {
    val line = buildJsonObject {
        put("event", event)
        more()
    }.toString() + "\n"
    synchronized(stdout) { stdout.write(line.toByteArray()) }
}

/** An error that nobody handled. */
internal fun fault(error: Throwable): Unit = say("fault") { put("message", error.stackTraceToString()) }

/** What of [state] is not as it was [before]. */
internal fun tell(watch: String, before: TransferState?, state: TransferState) {
    fun tell(event: String, more: JsonObjectBuilder.() -> Unit) = say(event) {
        put("watch", watch)
        more()
    }
    val transfer = state.transfer
    // A problem is gone when a status has come: whoever hears of the status does not meet the problem any more.
    if (state.problem != before?.problem) tell("problem") { problem(state.problem) }
    if (transfer != null && transfer != before?.transfer) tell("status") { transfer(transfer) }
    if (state.connection != before?.connection) {
        tell("connection") { put("state", state.connection.name.lowercase()) }
    }
    val scan = state.scan
    if (scan != null && scan != before?.scan) {
        tell("scan") {
            put("scanned", scan.scanned)
            put("at", rfc3339.format(scan.at))
        }
    }
    state.end?.let { tell("closed") { end(it) } }
}

@OptIn(ExperimentalSerializationApi::class)
private fun JsonObjectBuilder.transfer(transfer: Transfer) {
    putJsonObject("transfer") {
        put("id", transfer.id)
        put("status", transfer.statusName)
        transfer.message?.let { put("message", it) }
        transfer.amountText?.let { put("amount", JsonUnquotedLiteral(it)) }
        transfer.merchantId?.let { put("merchantId", it) }
        transfer.customerId?.let { put("customerId", it) }
        put("updatedAt", rfc3339.format(transfer.updatedAt))
        transfer.metadataJson?.let { put("metadata", JsonUnquotedLiteral(it)) }
        transfer.version?.let { put("version", it) }
    }
}

private fun JsonObjectBuilder.problem(problem: Problem?) {
    if (problem == null) {
        put("kind", JsonNull)
        return
    }
    put("kind", problem.name)
    when (val kind = problem.kind) {
        is ProblemKind.Redirect -> kind.status?.let { put("status", it) }
        is ProblemKind.Http -> put("status", kind.status)
        is ProblemKind.SocketClosed -> put("code", kind.code)
        is ProblemKind.Malformed -> put("field", kind.field)
        is ProblemKind.SignatureRefresh -> kind.cause?.let { put("cause", it) }
        else -> Unit
    }
    put("since", problem.since.toEpochMilli() / 1e3)
    put("attempts", problem.attempts)
    val next = problem.nextAttempt?.let { (it.toEpochMilli() - Instant.now().toEpochMilli()).coerceAtLeast(0) / 1e3 }
    put("nextIn", next?.let(::JsonPrimitive) ?: JsonNull)
}

private fun JsonObjectBuilder.end(end: End) {
    when (end) {
        End.FinalStatus -> put("outcome", "final")
        End.Closed -> put("outcome", "user")
        is End.Refused -> {
            put("outcome", "refused")
            put("code", end.code)
            put("message", end.message)
        }
        is End.SignatureRefused -> {
            put("outcome", "no_signature")
            put("message", end.message)
        }
        is End.Stopped -> {
            put("outcome", "failed")
            put("message", end.message)
        }
    }
}
