//! Makes a call from Kotlin cheap: what UniFFI generates makes seven blocks of native memory a call, and leaves each to
//! the collector.
//!
//! - **One call status a thread**, taken for a call and given back when the call has succeeded. A call inside a call finds
//!   none and makes its own; so does the call after one that failed, whose error is read at leisure.
//! - **Structures of known layout are read and written as such**, where JNA goes through reflection, field by field.
//! - **A buffer that was read is given up at once**, not when the collector has come by.
//! - **The two halves compare checksums before the first call**, which UniFFI does for libraries of many crates alone.
//! - **What only a border with callbacks needs is left out**: nothing here calls out, and forty classes are a tenth of all.
//!   So are companions that are empty, another forty.

use anyhow::{Context, Result, ensure};

/// What is generated, and what stands in its place. UniFFI's version is pinned, so each is there once.
const CHANGES: [(&str, &str); 7] = [
    (
        "    class ByReference: RustBuffer(), Structure.ByReference\n",
        "    class ByReference: RustBuffer(), Structure.ByReference

    // JNA asks for memory once more of what Rust returns, and would forget the first.
    override fun allocateMemory() = ensureAllocated()

    override fun read() {
        val memory = pointer
        capacity = memory.getLong(0)
        len = memory.getLong(8)
        data = memory.getPointer(16)
    }

    override fun write() {
        val memory = pointer
        memory.setLong(0, capacity)
        memory.setLong(8, len)
        memory.setPointer(16, data)
    }

    // Frees the memory of these three fields. Nothing may be done with them afterwards.
    internal fun giveUp() {
        (pointer as? com.sun.jna.Memory)?.close()
    }
",
    ),
    (
        "        } finally {
            RustBuffer.free(rbuf)
        }
",
        "        } finally {
            RustBuffer.free(rbuf)
            rbuf.giveUp()
        }
",
    ),
    (
        "    class ByValue: UniffiRustCallStatus(), Structure.ByValue\n",
        "    class ByValue: UniffiRustCallStatus(), Structure.ByValue

    // The error is there only when the code says so.
    override fun read() {
        code = pointer.getByte(0)
        if (!isSuccess()) super.read()
    }

    override fun write() {
        if (isSuccess()) pointer.setByte(0, code) else super.write()
    }
",
    ),
    (
        "    var status = UniffiRustCallStatus()
    val return_value = callback(status)
    uniffiCheckCallStatus(errorHandler, status)
    return return_value
}
",
        "    val status = UniffiSpareStatus.take()
    val return_value = callback(status)
    uniffiCheckCallStatus(errorHandler, status)
    UniffiSpareStatus.giveBack(status)
    return return_value
}

// Each thread's call status that no call is using, and that has told of success alone.
private object UniffiSpareStatus {
    private val spare = ThreadLocal<UniffiRustCallStatus?>()

    fun take(): UniffiRustCallStatus {
        val status = spare.get() ?: return UniffiRustCallStatus()
        spare.set(null)
        return status
    }

    fun giveBack(status: UniffiRustCallStatus) = spare.set(status)
}
",
    ),
    (
        "        Native.register(UniffiLib::class.java, ",
        "        IntegrityCheckingUniffiLib.ensureInitialized()
        Native.register(UniffiLib::class.java, ",
    ),
    (
        "private fun UniffiCleaner.Companion.create(): UniffiCleaner =\n",
        "private fun uniffiCleaner(): UniffiCleaner =\n",
    ),
    ("        UniffiCleaner.create()\n", "        uniffiCleaner()\n"),
];

/// A companion that has nothing, in a class of its own for each class; nothing calls them once the changes are made.
const COMPANION: &str = "companion object";

/// The first and the last of the declarations that serve futures of the other side.
const CALLBACKS: [&str; 2] = [
    "interface UniffiForeignFutureDroppedCallback ",
    "interface UniffiForeignFutureCompleteVoid ",
];

/// The generated Kotlin with those changes.
///
/// # Errors
/// When it is not what this was written for.
pub(crate) fn cheapen(generated: &str) -> Result<String> {
    let mut text = generated.to_owned();
    for (before, after) in CHANGES {
        let found = text.matches(before).count();
        ensure!(
            found == 1,
            "UniFFI generates this {found} times, and once is expected; fit `crossing.rs` to its version:\n{before}"
        );
        text = text.replacen(before, after, 1);
    }
    leave_out_callbacks(&mut text)
        .context("UniffiForeignFuture… is not where it is expected; fit `crossing.rs`")?;
    let lines = text.split_inclusive('\n');
    Ok(lines.filter(|line| line.trim() != COMPANION).collect())
}

/// Takes the lines from the first of [`CALLBACKS`] to the end of the last out.
fn leave_out_callbacks(text: &mut String) -> Option<()> {
    let [first, last] = CALLBACKS;
    let begin = text.find(first)?;
    let begin = text.get(..begin)?.rfind('\n')? + 1;
    let end = begin + text.get(begin..)?.find(last)?;
    let end = end + text.get(end..)?.find("\n}\n")? + "\n}\n".len();
    text.replace_range(begin..end, "");
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_generates_is_refused() {
        let callbacks = "\ninternal interface UniffiForeignFutureDroppedCallback : Callback {\n    fun a()\n}\n@Order\nopen class \
                         B {\n    }\ninternal interface UniffiForeignFutureCompleteVoid : Callback {\n    fun c()\n}\nclass D\n";
        let known: String = CHANGES.iter().map(|(before, _)| *before).collect();
        let known = known + callbacks + "class E {\n    companion object\n}\n";
        let cheap = cheapen(&known).unwrap();
        assert!(cheap.ends_with("\nclass D\nclass E {\n}\n") && !cheap.contains("UniffiForeignFuture"));
        for (before, after) in CHANGES {
            assert!(cheap.contains(after));
            assert!(cheapen(&known.replacen(before, "", 1)).is_err());
        }
        assert!(cheapen(&known.replace(callbacks, "")).is_err());
        assert!(cheapen(&known.repeat(2)).is_err());
    }
}
