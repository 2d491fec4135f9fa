// Tells a client what an Android phone knows: whether the app is in front, and what network carries.
package dev.transferstatus.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import androidx.annotation.MainThread
import androidx.lifecycle.DefaultLifecycleObserver
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.ProcessLifecycleOwner
import dev.transferstatus.TransferStatusClient
import dev.transferstatus.TransferStatusException

/**
 * Gives [client] the phone's hints until it is closed: one for an app, made where the client is.
 *
 * ```kotlin
 * val client = TransferStatusClient("https://status.example.com")
 * val hints = PhoneHints(applicationContext, client)
 * ```
 *
 * In the background every watch drops its socket and rests; Android allows an app nothing else for long. When the app is
 * back in front, each connects and has the news in one round trip.
 */
public class PhoneHints @MainThread constructor(context: Context, private val client: TransferStatusClient) : AutoCloseable {
    private val connectivity = context.getSystemService(ConnectivityManager::class.java)

    private val lifecycle = object : DefaultLifecycleObserver {
        override fun onStart(owner: LifecycleOwner) = hint { foregrounded() }

        // Some 700 ms after the last screen has gone: a turn of the phone is no background.
        override fun onStop(owner: LifecycleOwner) = hint { backgrounded() }
    }

    private val network = object : ConnectivityManager.NetworkCallback() {
        private var carrier: Network? = null

        override fun onAvailable(network: Network) {
            val before = carrier
            carrier = network
            // The first call says what is there already.
            if (before != null && before != network) hint { networkChanged() } else hint { networkAvailable() }
        }

        override fun onLost(network: Network) {
            carrier = null
            hint { networkLost() }
        }
    }

    init {
        ProcessLifecycleOwner.get().lifecycle.addObserver(lifecycle)
        connectivity?.registerDefaultNetworkCallback(network)
    }

    /** No hint any more. The client stays. */
    @MainThread
    override fun close() {
        ProcessLifecycleOwner.get().lifecycle.removeObserver(lifecycle)
        connectivity?.unregisterNetworkCallback(network)
    }

    private fun hint(give: TransferStatusClient.() -> Unit) {
        try {
            client.give()
        } catch (_: TransferStatusException.Closed) {
            // The app has closed it, and a callback was under way.
        }
    }
}
