// From what crosses the border to what a user sees. Nothing is decided here.
package dev.transferstatus

import dev.transferstatus.ffi.FfiConnection
import dev.transferstatus.ffi.FfiEnd
import dev.transferstatus.ffi.FfiProblem
import dev.transferstatus.ffi.FfiProblemKind
import dev.transferstatus.ffi.FfiQrFault
import dev.transferstatus.ffi.FfiSnapshot
import dev.transferstatus.ffi.FfiStats
import dev.transferstatus.ffi.FfiStatus
import dev.transferstatus.ffi.FfiTransfer
import java.time.Instant

internal fun FfiSnapshot.toState(): TransferState = TransferState(
    transfer?.toTransfer(),
    connection.toConnection(),
    scan?.let { Scan(it.scanned, Instant.ofEpochMilli(it.atMillis)) },
    problem?.toProblem(),
    end?.toEnd(),
)

internal fun FfiTransfer.toTransfer(): Transfer = Transfer(
    id,
    status.toStatus(),
    statusName,
    isFinal,
    message,
    amount,
    merchantId,
    customerId,
    Instant.ofEpochMilli(updatedAtMillis),
    metadata,
    version?.toLong(),
)

internal fun FfiStatus.toStatus(): Status = when (this) {
    FfiStatus.PENDING -> Status.PENDING
    FfiStatus.PROCESSING -> Status.PROCESSING
    FfiStatus.COMPLETED -> Status.COMPLETED
    FfiStatus.FAILED -> Status.FAILED
    FfiStatus.CANCELLED -> Status.CANCELLED
    FfiStatus.OTHER -> Status.OTHER
}

internal fun FfiConnection.toConnection(): Connection = when (this) {
    FfiConnection.CONNECTING -> Connection.CONNECTING
    FfiConnection.LIVE -> Connection.LIVE
    FfiConnection.RECONNECTING -> Connection.RECONNECTING
    FfiConnection.POLLING -> Connection.POLLING
}

internal fun FfiProblem.toProblem(): Problem = Problem(
    kind.toKind(),
    name,
    text,
    Instant.ofEpochMilli(sinceMillis),
    attempts.toInt(),
    nextAttemptMillis?.let(Instant::ofEpochMilli),
)

internal fun FfiProblemKind.toKind(): ProblemKind = when (this) {
    FfiProblemKind.Dns -> ProblemKind.Dns
    FfiProblemKind.ConnectionRefused -> ProblemKind.ConnectionRefused
    FfiProblemKind.Unreachable -> ProblemKind.Unreachable
    FfiProblemKind.Timeout -> ProblemKind.Timeout
    FfiProblemKind.Certificate -> ProblemKind.Certificate
    FfiProblemKind.Tls -> ProblemKind.Tls
    is FfiProblemKind.Redirect -> ProblemKind.Redirect(status?.toInt())
    is FfiProblemKind.Http -> ProblemKind.Http(status.toInt())
    FfiProblemKind.NotTheService -> ProblemKind.NotTheService
    is FfiProblemKind.SocketClosed -> ProblemKind.SocketClosed(code.toInt())
    is FfiProblemKind.Malformed -> ProblemKind.Malformed(field)
    FfiProblemKind.TooManyWatchers -> ProblemKind.TooManyWatchers
    is FfiProblemKind.SignatureRefresh -> ProblemKind.SignatureRefresh(cause)
    FfiProblemKind.Other -> ProblemKind.Other
}

internal fun FfiEnd.toEnd(): End = when (this) {
    FfiEnd.FinalStatus -> End.FinalStatus
    is FfiEnd.Refused -> End.Refused(code.toInt(), text)
    is FfiEnd.SignatureRefused -> End.SignatureRefused(text)
    FfiEnd.Closed -> End.Closed
    is FfiEnd.Stopped -> End.Stopped(text)
}

internal fun FfiQrFault.toPart(): QrPart = when (this) {
    FfiQrFault.TOO_LONG -> QrPart.LENGTH
    FfiQrFault.PAGE -> QrPart.PAGE
    FfiQrFault.TRANSFER_ID -> QrPart.TRANSFER_ID
    FfiQrFault.SIGNATURE -> QrPart.SIGNATURE
}

internal fun FfiStats.toStats(): WatchStats = WatchStats(
    dials.toLong(),
    failedDials.toLong(),
    reconnects.toLong(),
    frames.toLong(),
    polls.toLong(),
    failedPolls.toLong(),
    refreshes.toLong(),
    firstStatusAfterMillis?.toLong(),
)
