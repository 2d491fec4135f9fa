// What the rewritten half of the border has to keep: a call's error is its own, and a call leaves nothing behind.
package dev.transferstatus

import com.sun.jna.Memory
import dev.transferstatus.ffi.FfiClient
import dev.transferstatus.ffi.FfiClientOptions
import dev.transferstatus.ffi.FfiTarget
import dev.transferstatus.support.sign
import java.net.URLEncoder
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private const val CALLS = 20_000
private const val ROUNDS = 200
private const val THREADS = 4

class CrossingTest {
    @Test
    fun `a call that fails between calls that succeed tells its own error, on any thread`() {
        val code = "https://pay.example/t/order#s=${URLEncoder.encode(sign("order").expose(), Charsets.UTF_8)}"
        val wrong = mapOf(
            "x".repeat(100_000) to QrPart.LENGTH,
            "ftp://pay.example/t/order#s=a" to QrPart.PAGE,
            "https://pay.example/order#s=a" to QrPart.TRANSFER_ID,
        )
        val threads = Executors.newFixedThreadPool(THREADS)
        try {
            val stories = List(THREADS) {
                threads.submit(Callable {
                    repeat(ROUNDS) {
                        for ((text, part) in wrong) {
                            val failed = assertThrows(TransferStatusException.InvalidQr::class.java) { QrPayload.parse(text) }
                            assertEquals(part, failed.part)
                            assertEquals("order", QrPayload.parse(code).transferId)
                        }
                    }
                })
            }
            stories.forEach { it.get() }
        } finally {
            threads.shutdown()
        }
    }

    @Test
    fun `many calls leave no native memory for the collector`() {
        val client = FfiClient(FfiClientOptions("http://127.0.0.1:9", false, null))
        val watch = client.watch(FfiTarget("order", sign("order").expose(), null, false))
        runBlocking { watch.pull(0u, 0u) }
        val before = waitingForTheCollector()
        repeat(CALLS) { checkNotNull(watch.changed(0u, 0u)) }
        val left = waitingForTheCollector() - before
        watch.destroy()
        client.destroy()
        assertTrue(left < CALLS / 100, "$CALLS calls have left $left blocks")
    }

    /** The blocks of native memory that JNA has not freed yet, by its own list. */
    private fun waitingForTheCollector(): Int {
        val blocks = Memory::class.java.getDeclaredField("allocatedMemory")
        blocks.isAccessible = true
        return (blocks.get(null) as Map<*, *>).size
    }
}
