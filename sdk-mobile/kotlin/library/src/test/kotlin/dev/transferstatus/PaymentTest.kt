// Payments on the real server, as an app follows them.
package dev.transferstatus

import dev.transferstatus.support.Relay
import dev.transferstatus.support.Server
import dev.transferstatus.support.code
import dev.transferstatus.support.sign
import dev.transferstatus.support.story
import dev.transferstatus.support.until
import java.math.BigDecimal
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PaymentTest {
    private val server = Server()
    private val client = TransferStatusClient(server.url)

    @AfterAll
    fun end() {
        client.close()
        server.close()
    }

    @Test
    fun `a phone that scanned a code follows the payment to its end`() = story {
        val states = client.watch(code("order-1")).produceIn(this)
        val announced = states.until("announced") { it.transfer != null }
        assertEquals(Status.PENDING, announced.transfer?.status)
        assertEquals(0L, announced.transfer?.version)

        server.report("order-1", "processing", ""","amount":12.10,"message":"at the bank","metadata":{"b":[1.50,{"a":null}]}""")
        val transfer = states.until("processing") { it.transfer?.status == Status.PROCESSING }.transfer!!
        assertEquals("at the bank", transfer.message)
        assertEquals(0, BigDecimal("12.1").compareTo(transfer.amount))
        assertEquals("""{"b":[1.50,{"a":null}]}""", transfer.metadataJson)
        assertEquals(1L, transfer.version)

        server.report("order-1", "completed")
        val last = states.until("the end") { it.end != null }
        assertEquals(End.FinalStatus, last.end)
        assertEquals(Status.COMPLETED, last.transfer?.status)
        assertTrue(states.receiveCatching().isClosed, "nothing follows the end")
    }

    @Test
    fun `an amount keeps every digit`() = story {
        val watch = client.watchIn(this, code("order-digits"))
        server.report("order-digits", "completed", ""","amount":9007199254740993.123456789012345678""")
        assertEquals("9007199254740993.123456789012345678", watch.finished().amountText)
        assertEquals(BigDecimal("9007199254740993.123456789012345678"), watch.finished().amount)
    }

    @Test
    fun `a payment that ended before it was watched is shown at once`() = story {
        server.report("order-late", "failed", ""","message":"no funds"""")
        val states = client.watch(code("order-late")).toList()
        assertEquals(End.FinalStatus, states.last().end)
        assertEquals("no funds", states.last().transfer?.message)
    }

    @Test
    fun `two watchers see the same and neither ends the other`() = story {
        val first = client.watch(code("order-2")).produceIn(this)
        val second = client.watch(code("order-2")).produceIn(this)
        first.until("live") { it.connection == Connection.LIVE }
        second.until("live") { it.connection == Connection.LIVE }
        first.cancel()
        server.report("order-2", "completed")
        assertEquals(Status.COMPLETED, second.until("the end") { it.end != null }.transfer?.status)
    }

    @Test
    fun `many readers of one watch share its socket`() = story {
        val watch = client.watchIn(this, code("order-3"))
        val readers = List(3) { async { watch.transfers.toList().last() } }
        watch.connection.first { it == Connection.LIVE }
        server.report("order-3", "completed")
        readers.forEach { assertEquals(Status.COMPLETED, it.await().status) }
        assertEquals(1L, watch.stats().dials)
    }

    @Test
    fun `a server that is killed and comes back is followed on`() = story {
        val mine = Server()
        TransferStatusClient(mine.url).use { client ->
            val states = client.watch(code("order-4")).produceIn(this)
            mine.report("order-4", "processing")
            states.until("processing") { it.transfer?.status == Status.PROCESSING }
            mine.kill()
            val lost = states.until("a problem") { it.problem != null }
            assertEquals(Status.PROCESSING, lost.transfer?.status, "what was shown stays")
            assertEquals(Connection.RECONNECTING, lost.connection)
            mine.restart()
            mine.report("order-4", "completed")
            client.networkAvailable()
            assertEquals(Status.COMPLETED, states.until("the end") { it.end != null }.transfer?.status)
        }
        mine.close()
    }

    @Test
    fun `a network that is cut for a while costs no news`() = story {
        Relay(server.url).use { relay ->
            TransferStatusClient(relay.url).use { client ->
                val states = client.watch(code("order-5")).produceIn(this)
                states.until("live") { it.connection == Connection.LIVE }
                relay.cut()
                val problem = states.until("a problem") { it.problem != null }.problem!!
                assertTrue(problem.attempts >= 1)
                server.report("order-5", "processing")
                server.report("order-5", "completed", ""","message":"paid while nobody could see it"""")
                relay.mend()
                client.networkChanged()
                val last = states.until("the end") { it.end != null }
                assertEquals("paid while nobody could see it", last.transfer?.message)
                assertNull(last.problem)
            }
        }
    }

    @Test
    fun `an expired signature is replaced by a fresh one`() = story {
        val asked = ArrayList<RefreshReason>()
        val expired = sign("order-6", expiry = 1_700_000_000)
        val states = client.watch("order-6", expired) { id, reason ->
            asked += reason
            sign(id)
        }.produceIn(this)
        states.until("live") { it.connection == Connection.LIVE }
        assertEquals(listOf(RefreshReason.EXPIRED), asked)
        states.cancel()
    }

    @Test
    fun `a watch may begin with no signature and ask for one`() = story {
        val asked = ArrayList<Pair<String, RefreshReason>>()
        val states = client.watch("order-7", refresh = { id, reason ->
            asked += id to reason
            sign(id)
        }).produceIn(this)
        states.until("live") { it.connection == Connection.LIVE }
        assertEquals(listOf("order-7" to RefreshReason.MISSING), asked)
        states.cancel()
    }

    @Test
    fun `a signature of somebody else ends the watch as refused`() = story {
        val end = client.watch("order-8", sign("order-8", key = "another key of some length 0123456789")).toList().last().end
        assertEquals(4401, (end as End.Refused).code)
        assertTrue(end.message.contains("4401"), end.message)
    }

    @Test
    fun `an expired signature with no way to a fresh one ends the watch`() = story {
        val end = client.watch("order-9", sign("order-9", expiry = 1_700_000_000)).toList().last().end
        assertTrue(end is End.Refused && end.code == 4410 || end is End.SignatureRefused, "$end")
    }

    @Test
    fun `a scan is told to those who watch`() = story {
        val states = client.watch(code("order-11")).produceIn(this)
        states.until("live") { it.connection == Connection.LIVE }
        client.reportScan(code("order-11"))
        assertEquals(true, states.until("a scan") { it.scan != null }.scan?.scanned)
        client.reportScan(code("order-11"), scanned = false)
        states.until("the scan is taken back") { it.scan?.scanned == false }
        states.cancel()
    }

    @Test
    fun `a transfer is looked at once`() = story {
        assertEquals(0L, client.get("order-12", sign("order-12")).version)
        server.report("order-12", "processing")
        assertEquals(Status.PROCESSING, client.get("order-12", sign("order-12")).status)
        val wrong = runCatching { client.get("order-12", sign("order-12", key = "another key of some length 0123456789")) }
        assertTrue(wrong.exceptionOrNull() is TransferStatusException.Unauthorized, "$wrong")
    }

    @Test
    fun `a collector that stops in the middle ends its watch alone`() = story {
        val seen = client.watch(code("order-10")).takeWhile { it.connection != Connection.LIVE }.toList()
        assertTrue(seen.all { it.end == null })
    }
}
