// How much memory the C library has handed out: glibc's own count.
package dev.transferstatus

import com.sun.jna.Function
import com.sun.jna.Native
import com.sun.jna.NativeLibrary
import com.sun.jna.Structure

/** glibc's `struct mallinfo2`, as far as it is looked at. */
@Structure.FieldOrder("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
internal open class Mallinfo : Structure(), Structure.ByValue {
    @JvmField var arena: Long = 0
    @JvmField var ordblks: Long = 0
    @JvmField var smblks: Long = 0
    @JvmField var hblks: Long = 0
    @JvmField var hblkhd: Long = 0
    @JvmField var usmblks: Long = 0
    @JvmField var fsmblks: Long = 0
    @JvmField var uordblks: Long = 0
    @JvmField var fordblks: Long = 0
    @JvmField var keepcost: Long = 0
}

internal object Allocator {
    private val mallinfo2: Function = NativeLibrary.getInstance(null).getFunction("mallinfo2")

    /** Bytes in use. */
    fun inUse(): Long {
        check(Native.POINTER_SIZE == 8)
        val info = mallinfo2.invoke(Mallinfo::class.java, emptyArray()) as Mallinfo
        return info.uordblks + info.hblkhd
    }
}
