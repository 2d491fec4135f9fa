// What crossing the border costs, printed: `cargo xtask bench mobile` runs it.
package dev.transferstatus

import com.sun.management.OperatingSystemMXBean
import dev.transferstatus.ffi.FfiClient
import dev.transferstatus.ffi.FfiClientOptions
import dev.transferstatus.ffi.FfiCursor
import dev.transferstatus.ffi.FfiTarget
import dev.transferstatus.ffi.FfiWatch
import dev.transferstatus.support.Census
import dev.transferstatus.support.Exchange
import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.eventually
import dev.transferstatus.support.sign
import dev.transferstatus.support.status
import java.lang.management.ManagementFactory
import java.util.concurrent.LinkedBlockingQueue
import kotlinx.coroutines.runBlocking

private const val CROSSINGS = 100_000
private const val NEWS = 2_000L
private const val WATCHES = 500
private const val ROUNDS = 6

private class Bench {
    private val sockets = LinkedBlockingQueue<Exchange>()
    private val server = ScriptedServer {
        it.open()
        it.send(status("order", "processing", 1, MORE))
        sockets.add(it)
        it.stay()
    }
    private val client = FfiClient(FfiClientOptions(server.url, false, null))

    private fun watch(): FfiWatch = client.watch(FfiTarget("order", sign("order").expose(), null, false))

    /** A state of the usual size, taken over and over: by the clock, and by the processor's time, whatever else runs. */
    suspend fun statesASecond(): Pair<Double, Double> {
        val watch = watch()
        untilTheFirst(watch)
        repeat(CROSSINGS / 2) { watch.changed(0u, 0u)!!.toState() }
        // Of all threads: the collector and JNA's cleaner work for it too.
        val machine = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean::class.java)
        val start = System.nanoTime()
        val worked = machine.processCpuTime
        repeat(CROSSINGS) { watch.changed(0u, 0u)!!.toState() }
        val byProcessor = CROSSINGS / ((machine.processCpuTime - worked) / 1e9)
        val byClock = CROSSINGS / ((System.nanoTime() - start) / 1e9)
        watch.destroy()
        return byClock to byProcessor
    }

    /** From a frame's leaving a socket of this process to the caller that waits for it. */
    suspend fun millisecondsToAWaitingCaller(): Double {
        sockets.clear()
        val watch = watch()
        var cursor = FfiCursor(0u, 0u)
        suspend fun next(version: Long) {
            do {
                val snapshot = watch.pull(cursor.state, cursor.asked)
                cursor = snapshot.cursor
            } while (snapshot.transfer?.version != version.toULong())
        }
        next(1)
        val socket = sockets.take()
        val times = (2..NEWS + 1).map { version ->
            val start = System.nanoTime()
            socket.send(status("order", "processing", version))
            next(version)
            (System.nanoTime() - start) / 1e6
        }
        watch.destroy()
        return times.drop(times.size / 5).sorted().let { it[it.size / 2] }
    }

    /**
     * What one more idle watch adds to the process, its socket's place in the kernel aside: the median of some rounds, as
     * the virtual machine's compiler allocates beside it.
     */
    suspend fun kilobytesOfAnIdleWatch(): Double {
        val rounds = List(ROUNDS) {
            val before = native()
            val watches = List(WATCHES) { watch() }.onEach { untilTheFirst(it) }
            val after = native()
            watches.forEach { it.destroy() }
            eventually("this round's are gone") { server.openConnections == 0 }
            (after - before) / WATCHES.toDouble() / 1024
        }
        // The first one also pays for what all share.
        return rounds.drop(1).sorted()[ROUNDS / 2 - 1]
    }

    private suspend fun untilTheFirst(watch: FfiWatch) {
        var cursor = FfiCursor(0u, 0u)
        do {
            val snapshot = watch.pull(cursor.state, cursor.asked)
            cursor = snapshot.cursor
        } while (snapshot.transfer == null)
    }

    /** What the C library's allocator has handed out, the native side's part of this process. */
    private fun native(): Long = Allocator.inUse()

    fun end() {
        client.destroy()
        server.close()
    }

    companion object {
        const val MORE = ""","amount":12.10,"message":"The money is on its way","merchantId":"merchant-1","customerId":"customer-1""""
    }
}

fun main(): Unit = runBlocking {
    val bench = Bench()
    val (byClock, byProcessor) = bench.statesASecond()
    val waiting = bench.millisecondsToAWaitingCaller()
    val idle = bench.kilobytesOfAnIdleWatch()
    println("Kotlin: states a second over the border     %,12.0f   at least 20,000".format(byClock))
    println("Kotlin: the same, of processor time         %,12.0f".format(byProcessor))
    println("Kotlin: news to a waiting caller, median    %9.3f ms   at most 1 ms".format(waiting))
    println("Kotlin: an idle watch                       %9.1f KB   at most 30 KB".format(idle))
    println("Kotlin: native threads                      %,12d".format(Census.nativeThreads()))
    bench.end()
    val missed = byClock < 20_000 || waiting > 1.0 || idle > 30.0
    Runtime.getRuntime().halt(if (missed) 1 else 0)
}
