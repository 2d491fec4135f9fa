// Follows a payment to its end, by a program that has only the published artefacts.
import dev.transferstatus.QrPayload
import dev.transferstatus.TransferStatusClient
import kotlinx.coroutines.flow.last
import kotlinx.coroutines.runBlocking

fun main(): Unit = runBlocking {
    TransferStatusClient(System.getenv("TRANSFER_STATUS_URL")).use { client ->
        val state = client.watch(QrPayload.parse(System.getenv("TRANSFER_STATUS_QR"))).last()
        println("kotlin: ${state.transfer?.status?.toString()?.lowercase() ?: state.end}")
    }
}
