// Each error as its own type, with a text that says what to do and tells no secret.
package dev.transferstatus

import dev.transferstatus.ffi.FfiException
import dev.transferstatus.ffi.FfiProblemKind
import dev.transferstatus.ffi.FfiQrFault
import dev.transferstatus.ffi.FfiTarget
import dev.transferstatus.ffi.InternalException
import dev.transferstatus.ffi.panicInside
import dev.transferstatus.ffi.panicWhileWaiting
import dev.transferstatus.support.Census
import dev.transferstatus.support.Exchange
import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.eventually
import dev.transferstatus.support.sign
import dev.transferstatus.support.status
import dev.transferstatus.support.story
import dev.transferstatus.support.until
import java.time.Duration
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ErrorTest {
    private val nowhere = "http://127.0.0.1:1"

    @Test
    fun `an address that cannot be right is refused at once`() {
        for (url in listOf("status.example.com", "https://u:p@status.example.com", "https://status.example.com?x=1", "https://a:0")) {
            assertThrows(TransferStatusException.InvalidUrl::class.java, { TransferStatusClient(url) }, url)
        }
        assertThrows(TransferStatusException.InvalidUrl::class.java) { TransferStatusClient("http://status.example.com") }
        TransferStatusClient("http://status.example.com", allowPlainText = true).close()
    }

    @Test
    fun `a name, a signature, a code and an answer that cannot be right are told apart`() = story {
        TransferStatusClient(nowhere).use { client ->
            assertThrows(TransferStatusException.InvalidTransferId::class.java) { client.watchIn(this, "a b", sign("a")) }
            assertThrows(TransferStatusException.InvalidSignature::class.java) { client.watchIn(this, "a", Signature("")) }
        }
        assertThrows(TransferStatusException.InvalidSignature::class.java) { Signature("a.b", expiry = -1) }
        val parts = mapOf(
            "https://pay.example/t/a#s=" + "x".repeat(9_000) to QrPart.LENGTH,
            "ftp://pay.example/t/a#s=a.b" to QrPart.PAGE,
            "https://pay.example/x/a#s=a.b" to QrPart.TRANSFER_ID,
            "https://pay.example/t/a" to QrPart.SIGNATURE,
        )
        for ((text, part) in parts) {
            val error = assertThrows(TransferStatusException.InvalidQr::class.java) { QrPayload.parse(text) }
            assertEquals(part, error.part, text.take(40))
        }
        val error = assertThrows(TransferStatusException.InvalidRequest::class.java) {
            TransferRequest.parse(""""eyJsecret.mac"""")
        }
        assertFalse("secret" in error.message!!, "the error never repeats what was read")
    }

    @Test
    fun `the answer of a backend is read with its expiry`() {
        val request = TransferRequest.parse(
            """{"transferRequestId":"order-1042","merchantId":"m-7","expiry":1765000000.9,"signature":"eyJ0.k3y","more":1}""",
        )
        assertEquals("order-1042", request.transferId)
        assertEquals("m-7", request.merchantId)
        assertEquals(1_765_000_000L, request.signature.expiry)
        assertEquals("eyJ0.k3y", request.signature.expose())
    }

    @Test
    fun `a signature is in no text`() {
        val signature = Signature("eyJ0.k3y")
        val code = QrPayload.parse("https://pay.example/t/a#s=eyJ0.k3y")
        val request = TransferRequest.parse(
            """{"transferRequestId":"a","merchantId":"m","expiry":1,"signature":"eyJ0.k3y"}""",
        )
        // What crosses to the native side too.
        val target = FfiTarget("a", "eyJ0.k3y", null, false)
        for (text in listOf("$signature", "$code", "$request", "$target")) assertFalse("k3y" in text, text)
    }

    @Test
    fun `what is used after it was closed says so`() = story {
        val client = TransferStatusClient(nowhere)
        val watch = client.watchIn(this, "order", sign("order"))
        val states = client.watch("order", sign("order")).produceIn(this)
        states.receive()
        client.close()
        client.close()
        assertEquals(End.Closed, watch.state.first { it.end != null }.end)
        assertEquals(End.Closed, states.until("the end") { it.end != null }.end)
        watch.close()
        watch.stats()
        val calls = listOf<suspend () -> Unit>(
            { client.foregrounded() },
            { client.backgrounded() },
            { client.networkChanged() },
            { client.get("order", sign("order")) },
            { client.watchIn(this, "order", sign("order")) },
            { client.watch("order", sign("order")).toList() },
        )
        for (call in calls) {
            val error = runCatching { call() }.exceptionOrNull()
            assertTrue(error is TransferStatusException.Closed, "$error")
        }
    }

    @Test
    fun `a watch that was closed tells its end once and then says that it is closed`() = story {
        val client = TransferStatusClient(nowhere)
        val watch = client.watchIn(this, "order", sign("order"))
        watch.close()
        val error = runCatching { watch.finished() }.exceptionOrNull()
        assertEquals(End.Closed, (error as TransferStatusException.Ended).end)
        client.close()
        eventually("the native thread goes with the last client") { Census.nativeThreads() == 0 }
    }

    @Test
    fun `a panic on the native side is an error here`() = story {
        val error = assertThrows(TransferStatusException.Failed::class.java) { translated { panicInside() } }
        assertTrue("called for by a test" in error.message!!, error.message)
        val waiting = runCatching { translated { panicWhileWaiting() } }.exceptionOrNull()
        assertTrue(waiting is TransferStatusException.Failed, "$waiting")
    }

    @Test
    fun `every error of the native side is a type here, with its text`() {
        val kind = FfiProblemKind.SocketClosed(1006u)
        val crossed = listOf(
            FfiException.InvalidUrl("r") to TransferStatusException.InvalidUrl::class,
            FfiException.InvalidTransferId("r") to TransferStatusException.InvalidTransferId::class,
            FfiException.InvalidSignature("r") to TransferStatusException.InvalidSignature::class,
            FfiException.InvalidQr(FfiQrFault.PAGE, "r") to TransferStatusException.InvalidQr::class,
            FfiException.InvalidRequest("r") to TransferStatusException.InvalidRequest::class,
            FfiException.InvalidRoots("r") to TransferStatusException.InvalidTrust::class,
            FfiException.Closed() to TransferStatusException.Closed::class,
            FfiException.Cancelled() to TransferStatusException.Failed::class,
            FfiException.Unauthorized("r") to TransferStatusException.Unauthorized::class,
            FfiException.Expired("r") to TransferStatusException.Expired::class,
            FfiException.Forbidden("r") to TransferStatusException.Forbidden::class,
            FfiException.RateLimited(1_500u, "r") to TransferStatusException.RateLimited::class,
            FfiException.Unavailable(503u, null, "r") to TransferStatusException.Unavailable::class,
            FfiException.UnexpectedAnswer(418u, "r") to TransferStatusException.UnexpectedAnswer::class,
            FfiException.InvalidProxy("r") to TransferStatusException.InvalidProxy::class,
            FfiException.Unreachable(kind, "r") to TransferStatusException.Unreachable::class,
            FfiException.System("r") to TransferStatusException.System::class,
            FfiException.Panicked("r") to TransferStatusException.Failed::class,
        )
        for ((native, type) in crossed) {
            val error = assertThrows(type.java) { translated { throw native } }
            assertFalse(error.message.isNullOrEmpty(), "$type")
        }
        val all = FfiException::class.java.run { declaredClasses.filter(::isAssignableFrom) }
        assertEquals(all.toSet(), crossed.map { (native, _) -> native.javaClass }.toSet())
        // What the generated code itself throws, of an object that was freed and of an answer that it cannot read.
        assertThrows(TransferStatusException.Closed::class.java) { translated { error("freed") } }
        assertThrows(TransferStatusException.Failed::class.java) { translated { throw InternalException("no such case") } }
    }

    @Test
    fun `a request that gets no good answer says which`() = story {
        suspend fun fault(script: (Exchange) -> Unit): Throwable? = ScriptedServer(script = script).use { server ->
            TransferStatusClient(server.url).use { client ->
                runCatching { client.get("order", sign("order")) }.exceptionOrNull()
            }
        }
        fun body(code: String) = """{"type":"error","code":"$code","message":"no"}"""
        assertTrue(fault { it.answer(401, body("unauthorized")) } is TransferStatusException.Unauthorized)
        assertTrue(fault { it.answer(401, body("expired")) } is TransferStatusException.Expired)
        assertTrue(fault { it.answer(403, body("forbidden")) } is TransferStatusException.Forbidden)
        val limited = fault { it.answer(429, body("rate_limited"), "application/json", "retry-after: 3600") }
        assertEquals(Duration.ofHours(1), (limited as TransferStatusException.RateLimited).retryAfter)
        val away = fault { it.answer(503, body("unavailable"), "application/json", "retry-after: 3600") }
        assertEquals(503, (away as TransferStatusException.Unavailable).status)
        assertEquals(200, (fault { it.answer(200, "<h1>Wi-Fi</h1>") } as TransferStatusException.UnexpectedAnswer).status)
        assertEquals(404, (fault { it.answer(404, "") } as TransferStatusException.UnexpectedAnswer).status)
        TransferStatusClient("https://no-such-host.invalid").use { client ->
            val error = runCatching { client.get("order", sign("order")) }.exceptionOrNull()
            assertEquals(ProblemKind.Dns, (error as TransferStatusException.Unreachable).kind)
        }
    }

    @Test
    fun `a certificate that the app trusts is accepted`() = story {
        ScriptedServer(Tls.server()) {
            it.open()
            it.send(status("order", "completed", 1))
            it.close(1000)
            it.stay()
        }.use { server ->
            val url = server.url.replace("http", "https")
            TransferStatusClient(url, trust = listOf(Tls.certificate())).use { client ->
                assertEquals(End.FinalStatus, client.watch("order", sign("order")).toList().last().end)
            }
        }
        assertThrows(TransferStatusException.InvalidTrust::class.java) { TransferStatusClient(nowhere, trust = emptyList()) }
    }
}
