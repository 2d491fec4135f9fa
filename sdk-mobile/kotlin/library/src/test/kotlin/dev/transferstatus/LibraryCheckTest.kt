// A native library that was built from another source is refused before anything is asked of it.
package dev.transferstatus

import java.lang.reflect.InvocationTargetException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.objectweb.asm.ClassReader
import org.objectweb.asm.ClassVisitor
import org.objectweb.asm.ClassWriter
import org.objectweb.asm.MethodVisitor
import org.objectweb.asm.Opcodes

class LibraryCheckTest {
    @Test
    fun `the library that the classes were generated from is taken`() {
        assertEquals(0, OtherLibrary(answers = "none of them").client())
    }

    @Test
    fun `a library whose functions take or give something else is refused`() {
        refused(OtherLibrary(answers = "_checksum_"), "UniFFI API checksum mismatch")
    }

    @Test
    fun `a library of another version of the generator is refused`() {
        refused(OtherLibrary(answers = "_uniffi_contract_version"), "UniFFI contract version mismatch")
    }

    private fun refused(library: OtherLibrary, message: String) {
        val failed = assertThrows(InvocationTargetException::class.java) { library.client() }
        val causes = generateSequence<Throwable>(failed) { it.cause }
        assertEquals(message, causes.last().message?.substringBefore(':'))
    }
}

/** The classes of the library once more, for which each native function with [answers] in its name gives another number. */
private class OtherLibrary(private val answers: String) : ClassLoader(TransferStatusClient::class.java.classLoader) {
    private var changed = 0

    /** Makes a client and closes it, and says how many answers were others. */
    fun client(): Int {
        val constructor = loadClass("dev.transferstatus.TransferStatusClient")
            .getConstructor(String::class.java, Boolean::class.java, List::class.java)
        (constructor.newInstance("http://127.0.0.1:9", true, null) as AutoCloseable).close()
        return changed
    }

    override fun loadClass(name: String, resolve: Boolean): Class<*> {
        if (!name.startsWith("dev.transferstatus.")) return super.loadClass(name, resolve)
        return findLoadedClass(name) ?: rewritten(name).let { defineClass(name, it, 0, it.size) }
    }

    private fun rewritten(name: String): ByteArray {
        val file = checkNotNull(parent.getResourceAsStream(name.replace('.', '/') + ".class"))
        val reader = ClassReader(file.use { it.readBytes() })
        val writer = ClassWriter(reader, ClassWriter.COMPUTE_MAXS)
        reader.accept(object : ClassVisitor(Opcodes.ASM9, writer) {
            override fun visitMethod(
                access: Int, name: String, descriptor: String, signature: String?, exceptions: Array<String>?,
            ): MethodVisitor = Otherwise(super.visitMethod(access, name, descriptor, signature, exceptions))
        }, 0)
        return writer.toByteArray()
    }

    private inner class Otherwise(next: MethodVisitor) : MethodVisitor(Opcodes.ASM9, next) {
        override fun visitMethodInsn(opcode: Int, owner: String, name: String, descriptor: String, isInterface: Boolean) {
            super.visitMethodInsn(opcode, owner, name, descriptor, isInterface)
            if (answers in name && descriptor == "()I") {
                changed++
                visitInsn(Opcodes.ICONST_1)
                visitInsn(Opcodes.IXOR)
            }
        }
    }
}
