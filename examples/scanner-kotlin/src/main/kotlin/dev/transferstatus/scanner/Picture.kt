// The camera: the text of the code in a picture.
package dev.transferstatus.scanner

import com.google.zxing.BarcodeFormat
import com.google.zxing.BinaryBitmap
import com.google.zxing.DecodeHintType
import com.google.zxing.MultiFormatReader
import com.google.zxing.NotFoundException
import com.google.zxing.client.j2se.BufferedImageLuminanceSource
import com.google.zxing.common.HybridBinarizer
import java.awt.image.BufferedImage
import java.io.File
import java.io.IOException
import javax.imageio.ImageIO

/** The most bytes of a file, and the most pixels of a picture, that are read: those of a good camera. */
internal const val MOST_BYTES = 32_000_000L
internal const val MOST_PIXELS = 50_000_000L

/** Why a picture gave no code. */
internal sealed class PictureException(message: String) : IOException(message) {
    /** The file is not there, or may not be read. */
    class Unreadable(file: File) : PictureException("$file cannot be read; give the path of a picture")

    /** The file is neither PNG nor JPEG, or is damaged. */
    class NoPicture(file: File) : PictureException("$file is no picture that can be read; use PNG or JPEG")

    /** Larger than what is read: a few kilobytes of a picture can unpack to gigabytes. */
    class TooLarge(file: File) : PictureException(
        "$file is too large; give a picture of at most ${MOST_BYTES / 1_000_000} MB and ${MOST_PIXELS / 1_000_000} megapixels",
    )

    /** There is no QR code in it, or none that can be made out. */
    class NoCode(file: File) : PictureException("there is no readable code in $file")
}

/** What the code in the picture of [file] says. */
internal fun readPicture(file: File): String {
    if (!file.isFile || !file.canRead()) throw PictureException.Unreadable(file)
    if (file.length() > MOST_BYTES) throw PictureException.TooLarge(file)
    val picture = ImageIO.createImageInputStream(file).use { bytes ->
        val reader = ImageIO.getImageReaders(bytes).asSequence().firstOrNull() ?: throw PictureException.NoPicture(file)
        try {
            reader.input = bytes
            // By the header alone.
            if (reader.getWidth(0).toLong() * reader.getHeight(0) > MOST_PIXELS) throw PictureException.TooLarge(file)
            reader.read(0)
        } catch (error: PictureException) {
            throw error
        } catch (_: IOException) {
            throw PictureException.NoPicture(file)
        } catch (_: IllegalArgumentException) {
            // What the JDK's readers make of a damaged header.
            throw PictureException.NoPicture(file)
        } finally {
            reader.dispose()
        }
    }
    return readCode(picture) ?: throw PictureException.NoCode(file)
}

/** What the code in [picture] says, `null` where there is none. */
internal fun readCode(picture: BufferedImage): String? {
    val bitmap = BinaryBitmap(HybridBinarizer(BufferedImageLuminanceSource(picture)))
    val hints = mapOf(
        DecodeHintType.POSSIBLE_FORMATS to listOf(BarcodeFormat.QR_CODE),
        DecodeHintType.TRY_HARDER to true,
    )
    return try {
        MultiFormatReader().decode(bitmap, hints).text
    } catch (_: NotFoundException) {
        null
    }
}
