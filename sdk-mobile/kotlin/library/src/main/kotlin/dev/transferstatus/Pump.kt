// What carries a watch's states from the native side to whoever collects them.
package dev.transferstatus

import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import dev.transferstatus.ffi.FfiCursor
import dev.transferstatus.ffi.FfiException
import dev.transferstatus.ffi.FfiQuestion
import dev.transferstatus.ffi.FfiReason
import dev.transferstatus.ffi.FfiSnapshot
import dev.transferstatus.ffi.FfiWatch
import dev.transferstatus.ffi.uniffiRustFutureContinuationCallbackImpl
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch

/** One native watch with its signature source. Pulled by one coroutine; closing it ends the watch. */
internal class Pump(
    private val transferId: String,
    private val watch: FfiWatch,
    private val refresh: SignatureSource?,
) : AutoCloseable {
    /** Gives every state to [emit] until the end has been given. */
    suspend fun pump(emit: suspend (TransferState) -> Unit) {
        coroutineScope {
            var cursor = FfiCursor(0u, 0u)
            var asked = Asked(null, null)
            try {
                do {
                    val snapshot = translated { next(cursor) }
                    cursor = snapshot.cursor
                    asked = answer(asked, snapshot.question)
                    val state = snapshot.toState()
                    emit(state)
                } while (state.end == null)
            } finally {
                asked.answering?.cancel()
            }
        }
    }

    /** The first state after [cursor]. It waits only where there is none yet: a call that may wait costs twice as much. */
    private suspend fun next(cursor: FfiCursor): FfiSnapshot =
        watch.changed(cursor.state, cursor.asked) ?: watch.pull(cursor.state, cursor.asked)

    /** What the watch has done so far. */
    fun stats(): WatchStats = translated { watch.stats() }.toStats()

    /** Ends the watch; a state that tells of it follows. */
    fun end() {
        try {
            translated { watch.end() }
        } catch (_: TransferStatusException.Closed) {
            // It has ended already.
        }
    }

    override fun close(): Unit = watch.destroy()

    /** The question that is being answered. */
    private class Asked(val id: ULong?, val answering: Job?)

    /** Begins to answer [question] if it is a new one; an answer that nobody waits for any more is given up. */
    private fun CoroutineScope.answer(before: Asked, question: FfiQuestion?): Asked {
        if (question?.id == before.id) return before
        before.answering?.cancel()
        val source = refresh
        if (question == null || source == null) return Asked(question?.id, null)
        // At once on this thread, up to where the source first waits.
        val answering = launch(start = CoroutineStart.UNDISPATCHED) { ask(source, question) }
        return Asked(question.id, answering)
    }

    private suspend fun ask(source: SignatureSource, question: FfiQuestion) {
        val reason = when (question.reason) {
            FfiReason.MISSING -> RefreshReason.MISSING
            FfiReason.EXPIRED -> RefreshReason.EXPIRED
        }
        val fresh = try {
            source.fresh(transferId, reason)
        } catch (refused: SignatureRefusedException) {
            return tell { watch.refuseSignature(question.id, cause(refused)) }
        } catch (failed: Exception) {
            // A time limit of the source's own is a cancellation too, though not of the watch.
            currentCoroutineContext().ensureActive()
            return tell { watch.retrySignature(question.id, cause(failed)) }
        }
        tell {
            try {
                watch.provideSignature(question.id, fresh.text, fresh.expiry?.toULong())
            } catch (invalid: FfiException.InvalidSignature) {
                watch.retrySignature(question.id, invalid.reason)
            }
        }
    }

    private fun tell(answer: () -> Unit) {
        try {
            translated(answer)
        } catch (_: TransferStatusException.Closed) {
            // Nobody waits for the answer any more.
        }
    }

    private fun cause(error: Exception): String = error.message ?: error.javaClass.simpleName
}

/** The native thread that tells of news is known to the JVM once, not anew for each piece of news. */
internal object NativeThreads {
    private val initializer = CallbackThreadInitializer(true, false, "transfer-status")

    init {
        Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, initializer)
    }

    /** Makes it so, the first time. */
    fun stayAttached() = Unit
}
