// Cancelling in the middle of it, often: nothing is lost and nothing stays behind.
package dev.transferstatus

import dev.transferstatus.ffi.FfiClient
import dev.transferstatus.ffi.FfiClientOptions
import dev.transferstatus.ffi.FfiCursor
import dev.transferstatus.ffi.FfiTarget
import dev.transferstatus.support.Census
import dev.transferstatus.support.Exchange
import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.eventually
import dev.transferstatus.support.sign
import dev.transferstatus.support.status
import dev.transferstatus.support.story
import java.util.concurrent.CompletableFuture
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.launchIn
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private const val TIMES = 1_000

class CancellationTest {
    @Test
    fun `a pull that is cancelled a thousand times loses nothing`() = story {
        val socket = CompletableFuture<Exchange>()
        val server = ScriptedServer {
            it.open()
            it.send(status("order", "processing", 1))
            socket.complete(it)
            it.stay()
        }
        val client = FfiClient(FfiClientOptions(server.url, false, null))
        val watch = client.watch(FfiTarget("order", sign("order").expose(), null, false))
        var cursor = FfiCursor(0u, 0u)
        var cancelled = 0
        for (version in 2L..TIMES + 1) {
            var got: Long? = null
            val pull = launch(Dispatchers.Default, CoroutineStart.UNDISPATCHED) {
                while (true) {
                    val snapshot = watch.pull(cursor.state, cursor.asked)
                    // What came before the cancellation counts as seen.
                    cursor = snapshot.cursor
                    got = snapshot.transfer?.version?.toLong()
                }
            }
            socket.get().send(status("order", "processing", version))
            pull.cancelAndJoin()
            if (got != version) cancelled++
            while (got != version) {
                val snapshot = watch.pull(cursor.state, cursor.asked)
                cursor = snapshot.cursor
                got = snapshot.transfer?.version?.toLong()
            }
        }
        assertTrue(cancelled > TIMES / 10, "most pulls were cut short before the news: $cancelled of $TIMES")
        eventually("no call waits on the native side") { Census.waitingCalls() == 0 }
        watch.destroy()
        client.destroy()
        server.close()
    }

    @Test
    fun `a thousand watches that are cancelled leave no socket, thread, call or task behind`() = story {
        val server = ScriptedServer {
            it.open()
            it.send(status("order", "processing", 1))
            it.stay()
        }
        val client = TransferStatusClient(server.url)
        val flow = client.watch("order", sign("order"))
        suspend fun round(look: Boolean) {
            // Every other one in the middle of its dial.
            if (look) flow.first { it.connection == Connection.LIVE } else flow.launchIn(this).cancelAndJoin()
        }
        repeat(20) { round(it % 2 == 0) }
        eventually("the first ones are gone") { Census.waitingCalls() == 0 }
        val descriptors = Census.descriptors()
        val javaThreads = Census.javaThreads().count { "scripted" !in it }

        repeat(TIMES) { round(it % 2 == 0) }
        assertEquals(0, coroutineContext.job.children.count(), "no task")
        eventually("no call waits") { Census.waitingCalls() == 0 }
        eventually("no socket is open") { Census.descriptors() <= descriptors }
        assertEquals(1, Census.nativeThreads(), "one thread carries it all")
        assertTrue(Census.javaThreads().count { "scripted" !in it } <= javaThreads + 1, "no thread for each event")
        client.close()
        server.close()
        eventually("the native thread goes with the last client") { Census.nativeThreads() == 0 }
    }

    @Test
    fun `a watch ends with its scope`() = story {
        ScriptedServer {
            it.open()
            it.send(status("order", "processing", 1))
            it.stay()
        }.use { server ->
            TransferStatusClient(server.url).use { client ->
                val screen = Job(coroutineContext.job)
                val watch = client.watchIn(kotlinx.coroutines.CoroutineScope(coroutineContext + screen), "order", sign("order"))
                watch.connection.first { it == Connection.LIVE }
                screen.cancelAndJoin()
                assertEquals(End.Closed, watch.state.value.end)
                assertEquals(1L, watch.stats().dials)
                eventually("no call waits") { Census.waitingCalls() == 0 }
            }
        }
    }
}
