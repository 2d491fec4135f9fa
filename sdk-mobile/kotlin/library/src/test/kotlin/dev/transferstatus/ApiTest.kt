// The public face of the library is what api.txt says: a change of it is a change of that file.
package dev.transferstatus

import java.io.File
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiTools
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ApiTest {
    @Test
    fun `the public face is that of api_txt`() {
        // The generated half is nobody's to call; without the compiler's notes on it, it would look as if it were.
        val dump = dump(shrunk.walk().onEnter { it.name != "ffi" })
        val expected = File("api.txt")
        // `mvn test -Dtest=ApiTest -Dtransferstatus.api=write` after a change that is meant.
        if (System.getProperty("transferstatus.api") == "write") expected.writeText(dump)
        assertEquals(expected.readText(), dump)
    }

    @Test
    fun `the generated half has no public face`() {
        // As it was compiled, with the compiler's notes on what is internal.
        val generated = shrunk.resolveSibling("classes/dev/transferstatus/ffi")
        assertTrue(generated.isDirectory, "$generated")
        assertEquals("", dump(generated.walk()).trim())
    }

    /** The classes that the tests run. */
    private val shrunk = File(TransferStatusClient::class.java.protectionDomain.codeSource.location.toURI())

    private fun dump(files: Sequence<File>): String {
        val dump = StringBuilder()
        val classes = files.filter { it.extension == "class" }.sorted().toList()
        AbiTools.getInstance(javaClass.classLoader).printJvmDump(dump, classes, AbiFilters.EMPTY)
        return dump.toString()
    }
}
