// The real server on local workerd, and the backend that reports to it.
package dev.transferstatus.support

import dev.transferstatus.QrPayload
import dev.transferstatus.Signature
import java.io.File
import java.net.URI
import java.net.URLEncoder
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.time.Instant
import java.util.Base64
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.concurrent.thread

private const val UPDATE_KEY = "update-key-of-the-tests-0123456789abcdef"
private const val SUBSCRIBE_KEY = "subscribe-key-of-the-tests-0123456789abc"

/** The right to watch a transfer, as a backend mints it. */
fun sign(transferId: String, expiry: Long = Instant.now().epochSecond + 900, key: String = SUBSCRIBE_KEY): Signature {
    val payload = """{"transferRequestId":"$transferId","merchantId":"merchant-7","expiry":$expiry}"""
    val encoded = Base64.getEncoder().encodeToString(payload.toByteArray())
    val mac = Base64.getUrlEncoder().withoutPadding().encodeToString(hmac(key, encoded))
    return Signature("$encoded.$mac")
}

/** The code of a transfer, as a checkout page shows it. */
fun code(transferId: String): QrPayload {
    val signature = URLEncoder.encode(sign(transferId).expose(), Charsets.UTF_8)
    return QrPayload.parse("https://pay.example/t/$transferId#s=$signature")
}

private fun hmac(key: String, text: String): ByteArray =
    Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(key.toByteArray(), algorithm)) }.doFinal(text.toByteArray())

/** A server with its state in a folder of its own. */
class Server : AutoCloseable {
    private val folder: File = Files.createTempDirectory("transfer-status-").toFile()
    private var process: Process
    private val http: HttpClient = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()

    /** Where it listens. */
    val url: String

    init {
        val (process, url) = start(0)
        this.process = process
        this.url = url
    }

    private fun start(port: Int): Pair<Process, String> {
        val xtask = checkNotNull(System.getenv("TRANSFER_STATUS_XTASK")) { "run these tests by `cargo xtask test`" }
        val builder = ProcessBuilder(
            xtask, "serve", "--port", "$port", "--control", "--persist-to", folder.path,
        )
        builder.environment() += mapOf(
            "HMAC_SECRET" to UPDATE_KEY,
            "SUBSCRIBE_HMAC_SECRET" to SUBSCRIBE_KEY,
            "ADMIN_TOKEN" to "admin-token-of-the-tests-0123456789abcd",
            "ALLOWED_ORIGINS" to "",
            "MAX_WATCHERS" to "",
        )
        builder.redirectError(ProcessBuilder.Redirect.INHERIT)
        val process = builder.start()
        val listening = CompletableFuture<String>()
        // It has to be read for as long as the server writes.
        thread(isDaemon = true, name = "server's output") {
            process.inputStream.bufferedReader().forEachLine { line ->
                if (line.startsWith("listening on ")) listening.complete(line.removePrefix("listening on "))
            }
            listening.completeExceptionally(IllegalStateException("the server ended before it listened; its log is above"))
        }
        return process to listening.get(10, TimeUnit.MINUTES)
    }

    /** As a machine that loses power: nothing is said to anybody. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** The same server again, on its port and with its state. */
    fun restart() {
        kill()
        process = start(URI(url).port).first
    }

    /** Posts a signed update. */
    fun report(transferId: String, status: String, more: String = "") {
        val body = """{"transferId":"$transferId","status":"$status"$more}"""
        val timestamp = Instant.now().epochSecond.toString()
        val signature = hmac(UPDATE_KEY, "$timestamp.$body").joinToString("") { "%02x".format(it) }
        val request = HttpRequest.newBuilder(URI("$url/update"))
            .header("content-type", "application/json")
            .header("x-timestamp", timestamp)
            .header("x-signature", signature)
            .POST(HttpRequest.BodyPublishers.ofString(body))
        val answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() == 200) { "the update was refused: ${answer.statusCode()} ${answer.body()}" }
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) kill()
        folder.deleteRecursively()
    }
}
