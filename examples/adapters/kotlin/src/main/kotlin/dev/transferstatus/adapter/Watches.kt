// The watches of this process by their names, and the questions that they ask.
package dev.transferstatus.adapter

import dev.transferstatus.Signature
import dev.transferstatus.SignatureRefusedException
import dev.transferstatus.SignatureSource
import dev.transferstatus.TransferState
import dev.transferstatus.TransferStatusClient
import dev.transferstatus.TransferStatusException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.put

internal class Watches {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val clients = ConcurrentHashMap<String, TransferStatusClient>()
    private val questions = ConcurrentHashMap<Long, CompletableDeferred<Signature>>()
    private val asked = AtomicLong()

    fun begin(command: JsonObject) {
        val watch = command.text("watch").orEmpty()
        val refresh = SignatureSource { _, _ -> ask(watch) }.takeIf { command.flag("refresh") }
        val signature = command.text("signature")
        val client: TransferStatusClient
        try {
            client = TransferStatusClient(command.text("url").orEmpty(), command.flag("allowPlainText"))
        } catch (error: TransferStatusException) {
            say("rejected") {
                put("watch", watch)
                put("message", error.message)
            }
            return
        }
        clients[watch] = client
        val flow = client.watch(command.text("transferId").orEmpty(), signature?.let { Signature(it) }, refresh)
        // As far as it goes in the call itself: the watch has begun when the next command is read.
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            var before: TransferState? = null
            try {
                flow.collect { state ->
                    tell(watch, before, state)
                    before = state
                }
            } catch (error: TransferStatusException) {
                say("rejected") {
                    put("watch", watch)
                    put("message", error.message)
                }
            }
            clients.remove(watch)
            client.close()
        }
    }

    fun hint(watch: String?, hint: String?) {
        val client = clients[watch] ?: return
        try {
            when (hint) {
                "online" -> client.networkAvailable()
                "offline" -> client.networkLost()
                "visible" -> client.visible()
                "foreground" -> client.foregrounded()
                "networkChanged" -> client.networkChanged()
                "suspend" -> client.backgrounded()
                "resume" -> client.resumed()
            }
        } catch (_: TransferStatusException.Closed) {
            // It has ended meanwhile.
        }
    }

    fun close(watch: String?) {
        clients[watch]?.close()
    }

    fun answer(command: JsonObject) {
        val question = questions.remove(command.number("id")) ?: return
        val signature = command.text("signature")
        when {
            signature != null -> question.complete(Signature(signature))
            command.text("outcome") == "none" -> question.completeExceptionally(SignatureRefusedException())
            else -> question.completeExceptionally(Exception(command.text("message") ?: "not this time"))
        }
    }

    private suspend fun ask(watch: String): Signature {
        val id = asked.incrementAndGet()
        val question = CompletableDeferred<Signature>()
        questions[id] = question
        say("refresh") {
            put("watch", watch)
            put("id", id)
        }
        return question.await()
    }
}
