// The parts of the native side that only a test may have.
package dev.transferstatus

import dev.transferstatus.ffi.FfiClientOptions
import dev.transferstatus.ffi.FfiTestClock
import dev.transferstatus.ffi.clientWithClock

/** A client whose clock is moved by hand. */
internal fun TransferStatusClient.Companion.withClock(url: String, clock: FfiTestClock): TransferStatusClient =
    TransferStatusClient(clientWithClock(FfiClientOptions(url, false, null), clock))
