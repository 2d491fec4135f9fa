// A server that does as a test says, byte by byte, and counts who comes.
package dev.transferstatus.support

import java.io.DataInputStream
import java.io.IOException
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.security.MessageDigest
import java.time.Instant
import java.util.Base64
import java.util.Collections
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import javax.net.ServerSocketFactory
import kotlin.concurrent.thread
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible

/** One request and the connection that it came on. */
class Exchange(val path: String, val headers: Map<String, String>, private val socket: Socket) {
    private val input = DataInputStream(socket.getInputStream())
    private val output: OutputStream = socket.getOutputStream()

    val isUpgrade: Boolean get() = headers["upgrade"] == "websocket"

    /** An HTTP answer, after which the connection is closed. */
    fun answer(status: Int, body: String, type: String = "application/json", vararg more: String) {
        val head = listOf("HTTP/1.1 $status X", "content-type: $type", "content-length: ${body.toByteArray().size}") +
            more + "connection: close"
        output.write((head.joinToString("\r\n") + "\r\n\r\n" + body).toByteArray())
        output.flush()
        socket.close()
    }

    /** Opens the WebSocket. */
    fun open() {
        val key = headers.getValue("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        val accept = Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1").digest(key.toByteArray()))
        val head = "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: $accept\r\n" +
            "sec-websocket-protocol: transfer-status.v1\r\n\r\n"
        output.write(head.toByteArray())
        output.flush()
    }

    /** Sends a text message. */
    @Synchronized
    fun send(text: String) = frame(1, text.toByteArray())

    /** Sends a close frame. */
    fun close(code: Int) = frame(8, byteArrayOf((code shr 8).toByte(), code.toByte()))

    /** Breaks the connection off. */
    fun reset() {
        socket.setSoLinger(true, 0)
        socket.close()
    }

    private fun frame(opcode: Int, payload: ByteArray) {
        output.write(0x80 or opcode)
        if (payload.size < 126) output.write(payload.size) else {
            output.write(126)
            output.write(payload.size shr 8)
            output.write(payload.size)
        }
        output.write(payload)
        output.flush()
    }

    /** The next text or close of the client: pings are answered. `null` once the connection is gone. */
    fun receive(): String? {
        try {
            while (true) {
                val opcode = input.readUnsignedByte() and 15
                val length = when (val short = input.readUnsignedByte() and 127) {
                    126 -> input.readUnsignedShort()
                    else -> short
                }
                val mask = input.readNBytes(4)
                val payload = input.readNBytes(length)
                val text = ByteArray(length) { (payload[it].toInt() xor mask[it % 4].toInt()).toByte() }
                when {
                    opcode == 8 -> return "close ${(text[0].toInt() and 255 shl 8) or (text[1].toInt() and 255)}"
                    String(text) == """{"type":"ping"}""" -> {
                        pings.add(System.nanoTime())
                        if (!isDeaf) send("""{"type":"pong"}""")
                    }
                    else -> return String(text)
                }
            }
        } catch (_: IOException) {
            return null
        }
    }

    /** Asked whether the link lives, it says nothing. */
    @Volatile
    var isDeaf: Boolean = false

    /** When the client asked whether the link lives. */
    val pings: LinkedBlockingQueue<Long> = LinkedBlockingQueue()

    /** Answers pings until the client says good-bye or the connection is gone. */
    fun stay() {
        do {
            val text = receive()
        } while (text != null && !text.startsWith("close"))
    }

    /** The next question whether the link lives, or a failed test. */
    suspend fun pinged() {
        checkNotNull(runInterruptible(Dispatchers.IO) { pings.poll(30, TimeUnit.SECONDS) }) { "nobody asked" }
    }
}

/** Hands each request to [script], in a thread of its own. */
class ScriptedServer(
    sockets: ServerSocketFactory = ServerSocketFactory.getDefault(),
    port: Int = 0,
    private val script: (Exchange) -> Unit,
) : AutoCloseable {
    private val listener: ServerSocket = sockets.createServerSocket(port, 100, InetAddress.getByName("127.0.0.1"))
    private val connections: MutableSet<Socket> = Collections.synchronizedSet(HashSet())

    /** Every request that came. */
    val requests: LinkedBlockingQueue<Exchange> = LinkedBlockingQueue()

    /** How many are connected. */
    val openConnections: Int get() = connections.size

    val port: Int get() = listener.localPort
    val url: String get() = "http://127.0.0.1:$port"

    init {
        thread(isDaemon = true, name = "scripted server") {
            try {
                while (true) {
                    val socket = listener.accept()
                    connections.add(socket)
                    thread(isDaemon = true, name = "scripted connection") { serve(socket) }
                }
            } catch (_: IOException) {
                // Closed.
            }
        }
    }

    private fun serve(socket: Socket) {
        try {
            socket.tcpNoDelay = true
            val input = socket.getInputStream()
            val head = StringBuilder()
            while (!head.endsWith("\r\n\r\n")) {
                val byte = input.read()
                if (byte < 0) return
                head.append(byte.toChar())
            }
            val lines = head.lines()
            val headers = lines.drop(1).filter { ':' in it }
                .associate { it.substringBefore(':').lowercase() to it.substringAfter(':').trim() }
            val exchange = Exchange(lines[0].split(' ')[1], headers, socket)
            requests.add(exchange)
            script(exchange)
        } catch (_: IOException) {
            // The client is gone.
        } finally {
            socket.close()
            connections.remove(socket)
        }
    }

    /** The next request, or a failed test. */
    suspend fun next(): Exchange = checkNotNull(runInterruptible(Dispatchers.IO) { requests.poll(30, TimeUnit.SECONDS) }) {
        "nobody came"
    }

    /** Breaks every connection off and takes no other. */
    override fun close() {
        listener.close()
        synchronized(connections) { connections.toList() }.forEach { it.close() }
    }
}

/** A status message as the service sends it. */
fun status(id: String, status: String, version: Long, more: String = ""): String =
    """{"type":"status","transfer":${transfer(id, status, version, more)}}"""

/** A transfer as the service answers with it: time and version rise together. */
fun transfer(id: String, status: String, version: Long, more: String = ""): String {
    val updatedAt = Instant.parse("2026-01-15T10:30:00Z").plusSeconds(version)
    return """{"id":"$id","status":"$status","updatedAt":"${updatedAt.toString().removeSuffix("Z")}.000Z","version":$version$more}"""
}
