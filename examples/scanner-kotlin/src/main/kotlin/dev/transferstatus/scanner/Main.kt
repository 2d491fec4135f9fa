// A phone on the command line: reads a payment's code, reports the scan, pays, and follows the payment to its end.
package dev.transferstatus.scanner

import dev.transferstatus.End
import dev.transferstatus.QrPayload
import dev.transferstatus.Status
import dev.transferstatus.TransferState
import dev.transferstatus.TransferStatusClient
import dev.transferstatus.TransferStatusException
import java.io.File
import java.io.IOException
import kotlin.system.exitProcess
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

private const val USAGE = """usage: scanner --service URL [--pay AMOUNT --bank PROGRAM] (PAYLOAD | --picture FILE)
  PAYLOAD           what the code says: https://…/t/…#…
  --picture FILE    a picture with the code in it, PNG or JPEG
  --service URL     the status service, such as https://status.example.com
  --pay AMOUNT      lets the bank carry the payment out, as `PROGRAM <transfer id> <amount>`
exit code 0 when the payment has completed, 1 when it has not, 2 when it could not be followed"""

/** The exit codes. */
private const val COMPLETED = 0
private const val NOT_COMPLETED = 1
private const val NOT_FOLLOWED = 2

fun main(arguments: Array<String>) {
    val code = try {
        val wanted = Wanted.of(arguments.toList())
        runBlocking { follow(wanted) }
    } catch (error: IllegalArgumentException) {
        complain("${error.message}\n$USAGE")
    } catch (error: TransferStatusException) {
        complain(error.message)
    } catch (error: IOException) {
        complain(error.message)
    }
    exitProcess(code)
}

private fun complain(what: String?): Int {
    System.err.println("scanner: $what")
    return NOT_FOLLOWED
}

private suspend fun follow(wanted: Wanted): Int {
    val payload = QrPayload.parse(wanted.payload)
    println("read: transfer ${payload.transferId}")
    TransferStatusClient(wanted.service).use { client ->
        client.reportScan(payload)
        println("reported the scan")
        // Whichever way the watch ends, the payment goes on: it is the bank's.
        val last = runBlocking(Dispatchers.Default) {
            var paying: Job? = null
            var shown: TransferState? = null
            val states = client.watch(payload).onEach { state ->
                difference(shown, state).forEach(::println)
                shown = state
                if (paying == null && wanted.bank != null && state.transfer != null) {
                    paying = launch(Dispatchers.IO) { pay(wanted.bank, payload.transferId, wanted.amount) }
                }
            }.toList()
            states.last()
        }
        return when (val end = last.end) {
            End.FinalStatus -> if (last.transfer?.status == Status.COMPLETED) COMPLETED else NOT_COMPLETED
            is End.Refused -> complain(end.message)
            is End.SignatureRefused -> complain(end.message)
            is End.Stopped -> complain(end.message)
            End.Closed, null -> complain("the watch was closed")
        }
    }
}

/** The bank is a program of its own; on a phone it would be the bank's app. */
private fun pay(bank: String, transferId: String, amount: String) {
    val process = ProcessBuilder(bank, transferId, amount)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    if (process.waitFor() != 0) System.err.println("scanner: the bank did not carry the payment out")
}

/** What the command line asks for. */
internal class Wanted(val service: String, val payload: String, val bank: String?, val amount: String) {
    internal companion object {
        fun of(arguments: List<String>): Wanted {
            val options = HashMap<String, String>()
            val others = ArrayList<String>()
            val words = arguments.iterator()
            for (word in words) {
                if (!word.startsWith("--")) {
                    others += word
                } else {
                    require(word in setOf("--service", "--picture", "--pay", "--bank")) { "unknown option $word" }
                    require(words.hasNext()) { "$word needs a value" }
                    options[word] = words.next()
                }
            }
            val picture = options["--picture"]
            require(others.size + (if (picture == null) 0 else 1) == 1) { "give one payload, or one picture" }
            require(("--pay" in options) == ("--bank" in options)) { "--pay and --bank belong together" }
            val service = requireNotNull(options["--service"]) { "--service is missing" }
            val payload = picture?.let { readPicture(File(it)) } ?: others.single()
            return Wanted(service, payload, options["--bank"], options["--pay"].orEmpty())
        }
    }
}
