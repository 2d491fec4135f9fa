// The authorities that an Android phone trusts.
package dev.transferstatus

import java.security.KeyStore
import java.security.KeyStoreException
import java.security.cert.X509Certificate

/**
 * Android hands its authorities out to Java alone, so they are read here and given to the native side.
 *
 * Those that came with the system count, as they do for every app that asks for nothing else; what a user has added does not.
 */
internal object PlatformTrust {
    private const val ANDROID = "AndroidCAStore"
    private const val OF_THE_SYSTEM = "system:"

    /** `null` where the native side finds them by itself. */
    fun roots(): List<X509Certificate>? {
        val store = try {
            KeyStore.getInstance(ANDROID)
        } catch (_: KeyStoreException) {
            return null
        }
        store.load(null)
        return store.aliases().asSequence()
            .filter { it.startsWith(OF_THE_SYSTEM) }
            .mapNotNull { store.getCertificate(it) as? X509Certificate }
            .toList()
    }
}
