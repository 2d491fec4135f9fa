// A network that can be cut: a relay between a client and the server.
package dev.transferstatus.support

import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.util.Collections
import kotlin.concurrent.thread

/** Relays to the server at [target] until it is cut, and again after it is mended. */
class Relay(private val target: String) : AutoCloseable {
    private val connections: MutableSet<Socket> = Collections.synchronizedSet(HashSet())
    private var listener = listen(0)
    private val port = listener.localPort

    val url: String = "http://127.0.0.1:$port"

    /** Every connection breaks off, and nobody listens any more. */
    fun cut() {
        listener.close()
        synchronized(connections) { connections.toList() }.forEach { it.close() }
    }

    /** The same address again. */
    fun mend() {
        listener = listen(port)
    }

    private fun listen(port: Int): ServerSocket {
        val listener = ServerSocket()
        listener.reuseAddress = true
        listener.bind(java.net.InetSocketAddress(InetAddress.getByName("127.0.0.1"), port))
        thread(isDaemon = true, name = "relay") {
            try {
                while (true) relay(listener.accept())
            } catch (_: IOException) {
                // Cut.
            }
        }
        return listener
    }

    private fun relay(client: Socket) {
        val server = URI(target).let { Socket(it.host, it.port) }
        for ((from, to) in listOf(client to server, server to client)) {
            connections.add(from)
            thread(isDaemon = true, name = "relayed") {
                try {
                    from.getInputStream().transferTo(to.getOutputStream())
                } catch (_: IOException) {
                    // One side is gone: so is the other.
                } finally {
                    from.close()
                    to.close()
                    connections.remove(from)
                }
            }
        }
    }

    override fun close() = cut()
}
