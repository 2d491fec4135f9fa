// The camera and the command line.
package dev.transferstatus.scanner

import java.awt.image.BufferedImage
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.zip.CRC32
import javax.imageio.ImageIO
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

class ScannerTest {
    @TempDir
    private lateinit var folder: Path

    @Test
    fun `the code of the checkout page is read near and sharp, far and blurred, in both its forms`() {
        for (form in listOf("short", "long")) {
            for (seen in listOf("near.png", "far.png", "near.jpeg", "far.jpeg")) {
                assertEquals(pictures.resolve("$form.txt").readText(), readPicture(pictures.resolve("$form-$seen")), seen)
            }
        }
    }

    @Test
    fun `a picture in a file is what is paid`() {
        val file = pictures.resolve("short-near.png").path
        val wanted = Wanted.of(listOf("--service", "https://status.example.com", "--picture", file))
        assertEquals(pictures.resolve("short.txt").readText(), wanted.payload)
    }

    @Test
    fun `a picture without a code, a file that is no picture and one that is too large say so`() {
        val blank = folder.resolve("blank.png").toFile()
        ImageIO.write(BufferedImage(64, 64, BufferedImage.TYPE_BYTE_GRAY), "png", blank)
        assertEquals("there is no readable code in $blank", assertThrows<PictureException.NoCode> { readPicture(blank) }.message)

        val text = folder.resolve("text.png").toFile().apply { writeText("no picture") }
        val damaged = folder.resolve("damaged.png").toFile()
        damaged.writeBytes(pictures.resolve("long-near.png").readBytes().copyOf(200))
        for (file in listOf(text, damaged)) {
            val thrown = assertThrows<PictureException.NoPicture> { readPicture(file) }
            assertEquals("$file is no picture that can be read; use PNG or JPEG", thrown.message)
        }

        // A few bytes that would unpack to ten thousand million pixels.
        val huge = folder.resolve("huge.png").toFile().apply { writeBytes(png(100_000, 100_000)) }
        // Nothing is written: only the length is there.
        val long = folder.resolve("long.png").toFile()
        RandomAccessFile(long, "rw").use { it.setLength(MOST_BYTES + 1) }
        for (file in listOf(huge, long)) {
            val thrown = assertThrows<PictureException.TooLarge> { readPicture(file) }
            assertEquals("$file is too large; give a picture of at most 32 MB and 50 megapixels", thrown.message)
        }

        val missing = folder.resolve("missing.png").toFile()
        for (file in listOf(missing, folder.toFile())) {
            val thrown = assertThrows<PictureException.Unreadable> { readPicture(file) }
            assertEquals("$file cannot be read; give the path of a picture", thrown.message)
        }
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

    /** The head of a PNG of that size, in grey. */
    private fun png(width: Int, height: Int): ByteArray {
        val header = ByteBuffer.allocate(17).put("IHDR".toByteArray()).putInt(width).putInt(height).put(byteArrayOf(8, 0, 0, 0, 0))
        val sum = CRC32().apply { update(header.array()) }.value.toInt()
        val signature = byteArrayOf(0x89.toByte()) + "PNG\r\n".toByteArray() + byteArrayOf(0x1A) + "\n".toByteArray()
        return ByteBuffer.allocate(33).put(signature).putInt(13).put(header.array()).putInt(sum).array()
    }

    private companion object {
        /** What the camera sees of the checkout page, taken by a test of the page; the same for every scanner. */
        val pictures = File("../pictures")
    }
}
