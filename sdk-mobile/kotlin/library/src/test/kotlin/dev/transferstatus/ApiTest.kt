// The public face of the library is what api.txt says: a change of it is a change of that file.
package dev.transferstatus

import java.io.File
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiTools
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class ApiTest {
    @Test
    fun `the public face is that of api_txt`() {
        val classes = File(TransferStatusClient::class.java.protectionDomain.codeSource.location.toURI())
        // The generated half is nobody's to call; without the compiler's notes on it, it would look as if it were.
        val face = classes.walk().onEnter { it.name != "ffi" }
        val files = face.filter { it.extension == "class" }.sorted().toList()
        val dump = StringBuilder()
        AbiTools.getInstance(javaClass.classLoader).printJvmDump(dump, files, AbiFilters.EMPTY)
        val expected = File("api.txt")
        // `mvn test -Dtest=ApiTest -Dtransferstatus.api=write` after a change that is meant.
        if (System.getProperty("transferstatus.api") == "write") expected.writeText(dump.toString())
        assertEquals(expected.readText(), dump.toString())
    }
}
