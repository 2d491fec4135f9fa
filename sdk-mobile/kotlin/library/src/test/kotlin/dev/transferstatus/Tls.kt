// A server's certificate that nobody vouches for, made by the JDK's own tool.
package dev.transferstatus

import java.nio.file.Files
import java.security.KeyStore
import java.security.cert.X509Certificate
import javax.net.ServerSocketFactory
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext

internal object Tls {
    private val password = "changeit".toCharArray()
    private val keys: KeyStore by lazy {
        val folder = Files.createTempDirectory("transfer-status-tls-").toFile()
        val file = folder.resolve("keys.p12")
        val keytool = "${System.getProperty("java.home")}/bin/keytool"
        val process = ProcessBuilder(
            keytool, "-genkeypair", "-alias", "server", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=127.0.0.1",
            "-ext", "san=ip:127.0.0.1", "-validity", "2", "-storetype", "PKCS12",
            "-keystore", file.path, "-storepass", String(password),
        ).redirectErrorStream(true).start()
        val output = process.inputReader().readText()
        check(process.waitFor() == 0) { output }
        KeyStore.getInstance("PKCS12").apply { file.inputStream().use { load(it, password) } }.also { folder.deleteRecursively() }
    }

    /** The certificate, which vouches for itself. */
    fun certificate(): X509Certificate = keys.getCertificate("server") as X509Certificate

    /** Sockets that present it. */
    fun server(): ServerSocketFactory {
        val managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm()).apply { init(keys, password) }
        return SSLContext.getInstance("TLS").apply { init(managers.keyManagers, null, null) }.serverSocketFactory
    }
}
