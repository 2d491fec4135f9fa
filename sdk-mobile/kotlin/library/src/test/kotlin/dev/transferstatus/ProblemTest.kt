// What keeps a watch from being live, each as its own case, from a server that misbehaves in just that way.
package dev.transferstatus

import dev.transferstatus.ffi.FfiTestClock
import dev.transferstatus.ffi.FfiProblemKind
import dev.transferstatus.support.Exchange
import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.sign
import dev.transferstatus.support.status
import dev.transferstatus.support.story
import dev.transferstatus.support.until
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.concurrent.thread
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ProblemTest {
    @Test
    fun `a name that does not exist is dns`() = assertEquals(ProblemKind.Dns, problemAt("https://no-such-host.invalid"))

    @Test
    fun `a port where nobody listens is connection-refused`() {
        val port = ServerSocket(0).use { it.localPort }
        assertEquals(ProblemKind.ConnectionRefused, problemAt("http://127.0.0.1:$port"))
    }

    // No system opens a connection to a group of machines.
    @Test
    fun `an address that no way leads to is unreachable`() =
        assertEquals(ProblemKind.Unreachable, problemAt("https://224.0.0.1"))

    @Test
    fun `a certificate of nobody who is trusted is certificate`() =
        assertEquals(ProblemKind.Certificate, ScriptedServer(Tls.server()) {}.use { problemAt(it.url.replace("http", "https")) })

    @Test
    fun `a server that speaks no TLS is tls`() = ServerSocket(0, 50, InetAddress.getByName("127.0.0.1")).use { listener ->
        thread(isDaemon = true) {
            // Until the listener is closed, by which `accept` throws.
            runCatching {
                while (true) listener.accept().use { it.getOutputStream().write("SSH-2.0-server\r\n".toByteArray()) }
            }
        }
        assertEquals(ProblemKind.Tls, problemAt("https://127.0.0.1:${listener.localPort}"))
    }

    @Test
    fun `a server that never answers is timeout`() = story {
        ScriptedServer { it.stay() }.use { server ->
            val clock = FfiTestClock()
            TransferStatusClient.withClock(server.url, clock).use { client ->
                val states = client.watch("order", sign("order")).produceIn(this)
                server.next()
                clock.jump(11_000u)
                assertEquals(ProblemKind.Timeout, states.until("a problem") { it.problem != null }.problem?.kind)
                states.cancel()
            }
        }
    }

    @Test
    fun `an address that moved is redirect`() = assertEquals(
        ProblemKind.Redirect(302),
        problemOf { it.answer(302, "", "text/html", "location: https://elsewhere.example/") },
    )

    @Test
    fun `an address where the service is not is http with its status`() =
        assertEquals(ProblemKind.Http(404), problemOf { it.answer(404, "<h1>not here</h1>", "text/html") })

    @Test
    fun `a portal is not-the-service`() =
        assertEquals(ProblemKind.NotTheService, problemOf { it.answer(200, "<h1>Welcome to the Wi-Fi</h1>", "text/html") })

    @Test
    fun `a socket that ends before its status is closed, with the code`() =
        assertEquals(ProblemKind.SocketClosed(1011), problemOf { it.open(); it.close(1011) })

    @Test
    fun `a message that cannot be read is malformed, with the field`() {
        val kind = problemOf { it.open(); it.send("""{"type":"status","transfer":{"id":"order","status":"pending"}}"""); it.stay() }
        assertTrue("updatedAt" in assertInstanceOf(ProblemKind.Malformed::class.java, kind).field)
    }

    @Test
    fun `a crowd is too-many-watchers`() =
        assertEquals(ProblemKind.TooManyWatchers, problemOf { it.open(); it.close(4429) })

    @Test
    fun `every refusal is an end, with its code`() = story {
        for (code in listOf(4401, 4403, 4404, 4410)) {
            ScriptedServer { it.open(); it.close(code) }.use { server ->
                TransferStatusClient(server.url).use { client ->
                    val end = client.watch("order", sign("order")).toList().last().end as End.Refused
                    assertEquals(code, end.code)
                    assertTrue(end.message.isNotEmpty())
                }
            }
        }
    }

    @Test
    fun `a signature source that fails is signature-refresh, with its words`() = story {
        TransferStatusClient("http://127.0.0.1:1").use { client ->
            val states = client.watch("order", refresh = { _, _ -> error("the backend is being moved") }).produceIn(this)
            val problem = states.until("a problem") { it.problem != null }.problem!!
            assertEquals(ProblemKind.SignatureRefresh("the backend is being moved"), problem.kind)
            assertEquals("signature-refresh", problem.name)
            states.cancel()
        }
    }

    @Test
    fun `a signature source that runs out of its own time, or throws an error of this library, is asked again`() = story {
        val closed = TransferStatusClient("http://127.0.0.1:1").apply { close() }
        TransferStatusClient("http://127.0.0.1:1").use { client ->
            val sources = mapOf(
                SignatureSource { _, _ -> withTimeout(1) { awaitCancellation() } } to "Timed out waiting for 1 ms",
                SignatureSource { id, _ -> sign(id).also { closed.get(id, it) } } to "used after it was closed; make a new one",
            )
            for ((source, words) in sources) {
                val states = client.watch("order", refresh = source).produceIn(this)
                val problem = states.until("a problem") { it.problem != null }.problem!!
                assertEquals(ProblemKind.SignatureRefresh(words), problem.kind)
                states.cancel()
            }
        }
    }

    @Test
    fun `a signature source that has none any more ends the watch`() = story {
        TransferStatusClient("http://127.0.0.1:1").use { client ->
            val states = client.watch("order", refresh = { _, _ -> throw SignatureRefusedException("called off") })
                .produceIn(this)
            assertInstanceOf(End.SignatureRefused::class.java, states.until("the end") { it.end != null }.end)
        }
    }

    @Test
    fun `a problem says since when and how often, and is gone when a status comes`() = story {
        var broken = true
        val server = ScriptedServer {
            if (broken) {
                it.answer(503, "{}")
            } else {
                it.open()
                it.send(status("order", "pending", 1))
                it.stay()
            }
        }
        val client = TransferStatusClient(server.url)
        val states = client.watch("order", sign("order")).produceIn(this)
        val second = states.until("a second failure") { (it.problem?.attempts ?: 0) >= 2 }.problem!!
        assertEquals(ProblemKind.Http(503), second.kind)
        assertTrue(second.message.contains("503"), second.message)
        assertTrue(second.nextAttempt?.let { it >= second.since } ?: true)
        broken = false
        client.networkAvailable()
        assertNull(states.until("live") { it.connection == Connection.LIVE }.problem)
        states.cancel()
        client.close()
        server.close()
    }

    @Test
    fun `every kind of the native side is a case here`() {
        val kinds = listOf(
            FfiProblemKind.Dns to ProblemKind.Dns,
            FfiProblemKind.ConnectionRefused to ProblemKind.ConnectionRefused,
            FfiProblemKind.Unreachable to ProblemKind.Unreachable,
            FfiProblemKind.Timeout to ProblemKind.Timeout,
            FfiProblemKind.Certificate to ProblemKind.Certificate,
            FfiProblemKind.Tls to ProblemKind.Tls,
            FfiProblemKind.Redirect(null) to ProblemKind.Redirect(null),
            FfiProblemKind.Http(404u) to ProblemKind.Http(404),
            FfiProblemKind.NotTheService to ProblemKind.NotTheService,
            FfiProblemKind.SocketClosed(1006u) to ProblemKind.SocketClosed(1006),
            FfiProblemKind.Malformed("id") to ProblemKind.Malformed("id"),
            FfiProblemKind.TooManyWatchers to ProblemKind.TooManyWatchers,
            FfiProblemKind.SignatureRefresh("moved") to ProblemKind.SignatureRefresh("moved"),
            FfiProblemKind.Other to ProblemKind.Other,
        )
        kinds.forEach { (native, kind) -> assertEquals(kind, native.toKind()) }
        assertEquals(FfiProblemKind::class.java.permittedSubclasses.size, kinds.size)
    }

    private fun problemOf(script: (Exchange) -> Unit): ProblemKind = ScriptedServer(script = script).use { problemAt(it.url) }

    private fun problemAt(url: String): ProblemKind {
        lateinit var kind: ProblemKind
        story {
            TransferStatusClient(url).use { client ->
                val states = client.watch("order", sign("order")).produceIn(this)
                kind = states.until("a problem") { it.problem != null }.problem!!.kind
                states.cancel()
            }
        }
        return kind
    }
}
