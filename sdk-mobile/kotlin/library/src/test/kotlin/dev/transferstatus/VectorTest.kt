// The protocol's vectors, computed by another implementation, through this library.
package dev.transferstatus

import dev.transferstatus.support.ScriptedServer
import dev.transferstatus.support.status
import dev.transferstatus.support.sign
import dev.transferstatus.support.story
import dev.transferstatus.support.until
import java.io.File
import java.math.BigDecimal
import kotlinx.coroutines.flow.produceIn
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

class VectorTest {
    private fun cases(name: String): List<JsonObject> {
        val file = File(System.getProperty("transferstatus.vectors"), "$name.json")
        return Json.parseToJsonElement(file.readText()).jsonObject.getValue("cases").jsonArray.map { it.jsonObject }
    }

    private fun JsonObject.text(name: String): String? = get(name)?.takeIf { it !is JsonNull }?.jsonPrimitive?.content

    @TestFactory
    fun `codes in both forms`(): List<DynamicTest> = cases("qr").map { case ->
        dynamicTest(case.text("name")) {
            for (text in listOfNotNull(case.text("long"), case.text("short"))) {
                val read = QrPayload.parse(text)
                assertEquals(case.text("page"), read.page)
                assertEquals(case.text("transferId"), read.transferId)
                assertEquals(case.text("signature"), read.signature.expose())
            }
        }
    }

    @TestFactory
    fun `messages of the server`(): List<DynamicTest> =
        cases("messages").filter { it.text("direction") == "server" }.map { case ->
            dynamicTest(case.text("name")) {
                val text = case.getValue("text").jsonPrimitive.content
                if (case.getValue("valid").jsonPrimitive.boolean) isTaken(text) else isRefused(text)
            }
        }

    private fun isTaken(text: String) {
        val sent = Json.parseToJsonElement(text).jsonObject["transfer"]?.jsonObject
        watched(text, isStatus = sent != null) { state ->
            // What says nothing of the transfer leaves the connection as it is.
            if (sent == null) assertEquals(END, state.transfer?.message) else isShown(sent, state.transfer!!)
        }
    }

    private fun isShown(sent: JsonObject, transfer: Transfer) {
        assertEquals(sent.text("id"), transfer.id)
        assertEquals(sent.text("status"), transfer.statusName)
        assertEquals(sent.text("message"), transfer.message)
        assertEquals(sent.text("merchantId"), transfer.merchantId)
        assertEquals(sent.text("customerId"), transfer.customerId)
        assertEquals(sent.text("amount")?.let(::BigDecimal)?.stripTrailingZeros(), transfer.amount?.stripTrailingZeros())
        assertEquals(sent["metadata"].orNull(), transfer.metadataJson?.let(Json::parseToJsonElement))
    }

    private fun isRefused(text: String) {
        // An error message that cannot be read is skipped: the transfer stands whatever is said beside it.
        val isBeside = "\"error\"" in text
        watched(text, isStatus = !isBeside) { state ->
            if (isBeside) assertEquals(END, state.transfer?.message) else assertTrue(state.problem?.kind is ProblemKind.Malformed, "$state")
        }
    }

    private fun JsonElement?.orNull(): JsonElement? = takeIf { it !is JsonNull }

    /** What a watch makes of [text]: the first state with a transfer or a problem. */
    private fun watched(text: String, isStatus: Boolean, judge: (TransferState) -> Unit) = story {
        ScriptedServer {
            it.open()
            it.send(text)
            // After what says nothing of the transfer, or cannot be read, something has to come.
            if (!isStatus) it.send(status("transfer-123", "completed", 1, ""","message":"$END""""))
            it.stay()
        }.use { server ->
            TransferStatusClient(server.url).use { client ->
                val states = client.watch("transfer-123", sign("transfer-123")).produceIn(this)
                judge(states.until("a transfer or a problem") { it.transfer != null || it.problem != null })
                states.cancel()
            }
        }
    }

    private companion object {
        const val END = "the message after it"
    }
}
