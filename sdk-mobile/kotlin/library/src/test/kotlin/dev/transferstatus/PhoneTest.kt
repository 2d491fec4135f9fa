// What a phone does to a watch: sleep, the background, and the way back.
package dev.transferstatus

import dev.transferstatus.ffi.FfiTestClock
import dev.transferstatus.support.Census
import dev.transferstatus.support.Exchange
import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.eventually
import dev.transferstatus.support.sign
import dev.transferstatus.support.status
import dev.transferstatus.support.story
import dev.transferstatus.support.transfer
import dev.transferstatus.support.until
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.produceIn
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private const val HOUR: ULong = 3_600_000u

class PhoneTest {
    private val clock = FfiTestClock()
    private val version = AtomicLong(1)

    /** Serves the newest version by socket and by poll. A socket that is open hears of no other. */
    private val serve: (Exchange) -> Unit = { exchange ->
        if (exchange.isUpgrade) {
            exchange.open()
            exchange.send(status("order", "processing", version.get()))
            exchange.stay()
        } else {
            exchange.answer(200, transfer("order", "processing", version.get()))
        }
    }

    private data class Awake(
        val server: ScriptedServer,
        val client: TransferStatusClient,
        val states: ReceiveChannel<TransferState>,
        val link: Exchange,
    )

    private fun awake(tell: suspend (Awake) -> Unit) = story {
        ScriptedServer(script = serve).use { server ->
            TransferStatusClient.withClock(server.url, clock).use { client ->
                val states = client.watch("order", sign("order")).produceIn(this)
                states.until("live") { it.connection == Connection.LIVE }
                tell(Awake(server, client, states, server.next()))
                states.cancel()
            }
        }
    }

    @Test
    fun `a phone that slept for an hour by a clock that counts sleep has the news in one round trip`() =
        awake { (server, client, states) ->
            val news = version.incrementAndGet()
            clock.jump(HOUR)
            client.foregrounded()
            assertTrue(!server.next().isUpgrade, "a poll comes first")
            states.until("the news") { it.transfer?.version == news }
        }

    @Test
    fun `a phone whose clock stood still while it slept has the news in one round trip`() =
        awake { (server, client, states) ->
            // Silent for a while, then asleep.
            clock.jump(5_000u)
            clock.stop()
            val news = version.incrementAndGet()
            client.foregrounded()
            assertTrue(!server.next().isUpgrade, "a poll comes first")
            states.until("the news") { it.transfer?.version == news }
            clock.run()
        }

    @Test
    fun `a phone whose link died in its sleep notices by itself, without a hint`() = awake { (server, _, states, link) ->
        val news = version.incrementAndGet()
        link.isDeaf = true
        clock.jump(HOUR)
        link.pinged()
        clock.jump(HOUR)
        assertTrue(server.next().isUpgrade, "the link is given up for a new one")
        states.until("the news") { it.transfer?.version == news }
    }

    @Test
    fun `an app in the background for an hour neither dials nor polls, and is back in one round trip`() {
        val gone = CompletableDeferred<Unit>()
        val leaving: (Exchange) -> Unit = { exchange ->
            serve(exchange)
            gone.complete(Unit)
        }
        story {
            ScriptedServer(script = leaving).use { server ->
                TransferStatusClient.withClock(server.url, clock).use { client ->
                    val states = client.watch("order", sign("order")).produceIn(this)
                    states.until("live") { it.connection == Connection.LIVE }
                    server.next()
                    client.backgrounded()
                    gone.await()
                    anHourPassesAsAWatchInFrontCanTell()
                    assertEquals(0, server.requests.size, "nobody came meanwhile")

                    val news = version.incrementAndGet()
                    client.foregrounded()
                    states.until("the news") { it.transfer?.version == news }
                    states.cancel()
                }
            }
        }
    }

    @Test
    fun `an app in the background has no timer, and its way back is one dial and at most one poll`() =
        awake { (server, client, states) ->
            client.backgrounded()
            states.until("rest") { it.connection != Connection.LIVE }
            eventually("its close frame is out") { server.openConnections == 0 }
            eventually("the threads of name look-ups are gone") { Census.nativeThreads() == 1 }
            clock.jump(HOUR)
            // The hour is virtual; that nothing ticks is seen in real time alone, longer than the longest slice of it.
            val sleeps = Census.sleepsOfNativeThreads()
            delay(6.seconds)
            assertEquals(sleeps, Census.sleepsOfNativeThreads(), "the native thread woke up")
            assertEquals(0, server.requests.size, "nobody came meanwhile")

            val news = version.incrementAndGet()
            client.foregrounded()
            states.until("the news") { it.transfer?.version == news }
            val came = server.requests.toList()
            assertTrue(came.isNotEmpty())
            assertTrue(came.count { it.isUpgrade } <= 1 && came.count { !it.isUpgrade } <= 1, "${came.map { it.path }}")
        }

    @Test
    fun `a watch that begins in the background rests until the app is in front`() = story {
        ScriptedServer(script = serve).use { server ->
            TransferStatusClient.withClock(server.url, clock).use { client ->
                client.backgrounded()
                val states = client.watch("order", sign("order")).produceIn(this)
                anHourPassesAsAWatchInFrontCanTell()
                assertTrue(server.requests.size <= 1, "at most the dial that had begun")
                client.visible()
                states.until("live") { it.connection == Connection.LIVE }
                states.cancel()
            }
        }
    }

    /** Another client on the same clock, which is not in the background, waits for an answer in vain and dials anew. */
    private suspend fun anHourPassesAsAWatchInFrontCanTell() = coroutineScope {
        ScriptedServer { it.stay() }.use { silent ->
            TransferStatusClient.withClock(silent.url, clock).use { inFront ->
                val states = inFront.watch("canary", sign("canary")).produceIn(this)
                silent.next()
                clock.jump(HOUR)
                states.until("a problem") { it.problem?.kind == ProblemKind.Timeout }
                silent.next()
                states.cancel()
            }
        }
    }
}
