// The camera and the command line.
package dev.transferstatus.scanner

import com.google.zxing.BarcodeFormat
import com.google.zxing.EncodeHintType
import com.google.zxing.client.j2se.MatrixToImageWriter
import com.google.zxing.qrcode.QRCodeWriter
import com.google.zxing.qrcode.decoder.ErrorCorrectionLevel
import java.awt.image.BufferedImage
import java.awt.image.ConvolveOp
import java.awt.image.Kernel
import java.nio.file.Files
import javax.imageio.ImageIO
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class ScannerTest {
    private val signature = "eyJ0cmFuc2ZlclJlcXVlc3RJZCI6Im9yZGVyLTEwNDIiLCJtZXJjaGFudElkIjoibS03IiwiZXhwaXJ5IjoxNzY1MDAwMDAwfQ==" +
        ".yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus"
    private val forms = listOf(
        "https://pay.example/t/order-1042#s=$signature",
        "https://pay.example/t/order-1042#m=m-7&e=1765000000&h=yjMmepJz9pl2bUOT24-M-ckz5k7FTOIgrvobVVryeus",
    )

    @Test
    fun `a code is read from a sharp picture and from a small blurred one`() {
        for (text in forms) {
            assertEquals(text, readCode(picture(text, 280)))
            assertEquals(text, readCode(blurred(picture(text, 280))))
        }
    }

    @Test
    fun `a picture in a file is what is paid`() {
        val file = Files.createTempFile("code", ".png").toFile()
        ImageIO.write(picture(forms[1], 280), "png", file)
        val wanted = Wanted.of(listOf("--service", "https://status.example.com", "--picture", file.path))
        assertEquals(forms[1], wanted.payload)
        file.delete()
    }

    @Test
    fun `a picture of nothing has no code`() = assertNull(readCode(BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB)))

    @Test
    fun `a command line that makes no sense says why`() {
        val wrong = mapOf(
            emptyList<String>() to "give one payload, or one picture",
            listOf("x") to "--service is missing",
            listOf("x", "--service", "u", "--pay", "1") to "--pay and --bank belong together",
            listOf("x", "--verbose") to "unknown option --verbose",
            listOf("x", "--service") to "--service needs a value",
        )
        for ((words, why) in wrong) {
            assertEquals(why, assertThrows(IllegalArgumentException::class.java) { Wanted.of(words) }.message)
        }
    }

    private fun picture(text: String, pixels: Int): BufferedImage {
        val hints = mapOf(EncodeHintType.ERROR_CORRECTION to ErrorCorrectionLevel.L, EncodeHintType.MARGIN to 4)
        return MatrixToImageWriter.toBufferedImage(QRCodeWriter().encode(text, BarcodeFormat.QR_CODE, pixels, pixels, hints))
    }

    /** As a camera sees it that is a little out of focus. */
    private fun blurred(picture: BufferedImage): BufferedImage {
        val grey = BufferedImage(picture.width, picture.height, BufferedImage.TYPE_BYTE_GRAY)
        grey.graphics.drawImage(picture, 0, 0, null)
        val box = ConvolveOp(Kernel(3, 3, FloatArray(9) { 1 / 9f }), ConvolveOp.EDGE_NO_OP, null)
        return box.filter(grey, null)
    }
}
