// What the library holds in this process, counted.
package dev.transferstatus.support

import dev.transferstatus.ffi.uniffiContinuationHandleMap
import java.io.File

/** Counts. */
object Census {
    /** Threads of the operating system that the native side has begun. */
    fun nativeThreads(): Int = nativeTasks().size

    /** How often those threads have gone to sleep so far: one that has nothing to wait for never wakes. */
    fun sleepsOfNativeThreads(): List<String> = nativeTasks().flatMap { task ->
        File(task, "status").readLines().filter { it.startsWith("voluntary_ctxt_switches") }.map { "${task.name} $it" }
    }

    private fun nativeTasks(): List<File> = File("/proc/self/task").listFiles().orEmpty().filter { task ->
        // A thread may end while it is looked at.
        runCatching { File(task, "comm").readText().startsWith("transfer-status".take(15)) }.getOrDefault(false)
    }

    /** Java's threads. */
    fun javaThreads(): Set<String> = Thread.getAllStackTraces().keys.mapTo(HashSet()) { "${it.name} ${it.id}" }

    /** Calls that wait on the native side. */
    fun waitingCalls(): Int = uniffiContinuationHandleMap.size

    /** Files, sockets and the like that the process has open. */
    fun descriptors(): Int = File("/proc/self/fd").list().orEmpty().size
}

/** Waits until [holds], or fails the test with what it is instead. */
fun eventually(what: String, holds: () -> Boolean) {
    val deadline = System.nanoTime() + 30_000_000_000
    while (!holds()) {
        check(System.nanoTime() < deadline) { "it did not come to be: $what" }
        Thread.onSpinWait()
        Thread.sleep(2)
    }
}
