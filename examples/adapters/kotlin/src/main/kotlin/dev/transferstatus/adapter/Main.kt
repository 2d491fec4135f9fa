// The Kotlin library behind the language of the adapters: commands as JSON lines on stdin, events on stdout.
//
// It translates and decides nothing. Hints are calls of a client here, so each watch has a client of its own.
package dev.transferstatus.adapter

import dev.transferstatus.QrPayload
import dev.transferstatus.TransferStatusClient
import dev.transferstatus.TransferStatusException
import kotlin.system.exitProcess
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.add
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.longOrNull
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray

private val CAN = listOf(
    "watch", "refresh", "late-signature", "problem", "qr", "allow-plain-text", "causes", "upgrade-status", "signals",
    "hint:online", "hint:offline", "hint:visible", "hint:foreground", "hint:networkChanged", "hint:suspend", "hint:resume",
) + if (System.getProperty("os.name") == "Linux") listOf("roots") else emptyList()

fun main() {
    Thread.setDefaultUncaughtExceptionHandler { _, error -> fault(error) }
    val watches = Watches()
    // Loading the library belongs to starting up.
    TransferStatusClient("http://127.0.0.1").close()
    say("ready") {
        put("sdk", "kotlin")
        putJsonArray("can") { CAN.forEach { add(it) } }
    }
    System.`in`.bufferedReader().forEachLine { line ->
        try {
            if (line.isNotBlank()) carryOut(Json.parseToJsonElement(line).jsonObject, watches)
        } catch (error: Exception) {
            fault(error)
        }
    }
    // The end of stdin ends everything, whatever is under way.
    Runtime.getRuntime().halt(0)
}

private fun carryOut(command: JsonObject, watches: Watches) {
    when (val name = command.text("cmd")) {
        "watch" -> watches.begin(command)
        "hint" -> watches.hint(command.text("watch"), command.text("hint"))
        "close" -> watches.close(command.text("watch"))
        "signature" -> watches.answer(command)
        "qr-read" -> readQr(command)
        "exit" -> exitProcess(0)
        else -> say("fault") { put("message", "unknown command $name") }
    }
}

private fun readQr(command: JsonObject) {
    val read = try {
        Result.success(QrPayload.parse(command.text("text").orEmpty()))
    } catch (error: TransferStatusException) {
        Result.failure(error)
    }
    say("qr") {
        put("id", command["id"] ?: JsonPrimitive(0))
        read.onSuccess {
            put("transferId", it.transferId)
            put("signature", it.signature.expose())
        }.onFailure { put("rejected", it.message) }
    }
}

internal fun JsonObject.text(name: String): String? = (get(name) as? JsonPrimitive)?.takeIf { it.isString }?.content

internal fun JsonObject.flag(name: String): Boolean = get(name)?.jsonPrimitive?.booleanOrNull == true

internal fun JsonObject.number(name: String): Long = get(name)?.jsonPrimitive?.longOrNull ?: 0
