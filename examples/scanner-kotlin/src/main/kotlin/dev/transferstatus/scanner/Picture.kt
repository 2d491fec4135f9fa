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

/** What the code in the picture of [file] says. */
internal fun readPicture(file: File): String {
    val picture = ImageIO.read(file) ?: throw IOException("$file is no picture that can be read; use PNG or JPEG")
    return readCode(picture) ?: throw IOException("there is no readable code in $file")
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
