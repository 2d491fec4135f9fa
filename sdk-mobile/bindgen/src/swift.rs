//! Makes the generated Swift small: as UniFFI makes it, it is more than half of what the package adds to an app.
//!
//! - **A buffer is read by its bytes.** UniFFI reads it as `Data`, whose four forms the compiler lays out at each read.
//! - **Classes are final**, with no protocol beside them and no stand-in for tests: nobody derives from them.
//! - **Nobody compares what crosses**, so nothing is compared or hashed.
//! - **Converters are the file's own**: the compiler leaves out those that nothing calls.
//! - **Large records are classes.** Nothing changes them, and a structure of twelve fields is copied field by field
//!   wherever it goes.
//! - **Calls wait in one function**, not each in a copy of it.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use camino::Utf8Path;

/// The file that all of it is in.
const FILE: &str = "TransferStatusBindings.swift";

/// Declarations at the top of the file that are left out, by their beginnings.
const LEFT_OUT: [&str; 8] = [
    "fileprivate enum FfiConverterByRefBytes: ",
    "fileprivate extension Data {",
    "fileprivate func createReader(",
    "fileprivate func readInt<",
    "fileprivate func readBytes(",
    "fileprivate func readFloat(",
    "fileprivate func readDouble(",
    "fileprivate func hasRemaining(",
];

/// What is generated once, and what stands in its place.
const CHANGES: [(&str, &str); 20] = [
    (
        "private func uniffiCheckCallStatus<E: Swift.Error>(
    callStatus: RustCallStatus,
    errorHandler: ((RustBuffer) throws -> E)?
",
        "@inline(never)
private func uniffiCheckCallStatus(
    callStatus: RustCallStatus,
    errorHandler: ((RustBuffer) throws -> Swift.Error)?
",
    ),
    (
        "private func rustCallWithError<T, E: Swift.Error>(
    _ errorHandler: @escaping (RustBuffer) throws -> E,
",
        "private func rustCallWithError<T>(
    _ errorHandler: @escaping (RustBuffer) throws -> Swift.Error,
",
    ),
    (
        "private func makeRustCall<T, E: Swift.Error>(
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T,
    errorHandler: ((RustBuffer) throws -> E)?
",
        "private func makeRustCall<T>(
    _ callback: (UnsafeMutablePointer<RustCallStatus>) -> T,
    errorHandler: ((RustBuffer) throws -> Swift.Error)?
",
    ),
    (
        "    let neverThrow: ((RustBuffer) throws -> Never)? = nil
    return try makeRustCall(callback, errorHandler: neverThrow)
",
        "    return try makeRustCall(callback, errorHandler: nil)
",
    ),
    (
        "public func uniffiEnsureTransferStatusMobileInitialized()",
        "@inline(never)\nfileprivate func uniffiEnsureTransferStatusMobileInitialized()",
    ),
    (
        "    static func from(_ ptr:",
        "    @inline(never)\n    static func from(_ ptr:",
    ),
    (
        "    func deallocate() {",
        "    @inline(never)\n    func deallocate() {",
    ),
    (
        "    init(bytes: [UInt8]) {",
        "    @inline(never)\n    init(bytes: [UInt8]) {",
    ),
    (
        "    public static func lift(_ value: RustBuffer) throws -> String",
        "    @inline(never)\n    public static func lift(_ value: RustBuffer) throws -> String",
    ),
    (
        "    public static func lower(_ value: String)",
        "    @inline(never)\n    public static func lower(_ value: String)",
    ),
    (
        "fileprivate func writeInt<",
        "@inline(never)\nfileprivate func writeInt<",
    ),
    (
        "fileprivate func createWriter()",
        "// The bytes of a buffer of Rust's, from `offset` on. Valid for as long as that is not given up.
fileprivate struct UniffiReader {
    let bytes: UnsafeRawBufferPointer
    var offset = 0

    // One copy, not one at each read.
    @inline(never)
    mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else {
            throw UniffiInternalError.bufferOverflow
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }
}

// Integers are in big-endian order.
@inline(never)
fileprivate func readInt<T: FixedWidthInteger>(_ reader: inout UniffiReader) throws -> T {
    T(bigEndian: try reader.take(MemoryLayout<T>.size).loadUnaligned(as: T.self))
}

fileprivate func createWriter()",
    ),
    (
        "String(decoding: try readBytes(&buf, count: Int(len)), as: UTF8.self)",
        "String(decoding: try buf.take(Int(len)), as: UTF8.self)",
    ),
    (
        "Data(try readBytes(&buf, count: Int(len)))",
        "Data(try buf.take(Int(len)))",
    ),
    (
        "        var reader = createReader(data: Data(rustBuffer: buf))\n",
        "        var reader = UniffiReader(bytes: UnsafeRawBufferPointer(start: buf.data, count: Int(buf.len)))\n",
    ),
    (
        "if hasRemaining(reader) {",
        "if reader.offset < reader.bytes.count {",
    ),
    (
        "enum FfiError: Swift.Error, Equatable, Hashable, Foundation.LocalizedError {",
        "enum FfiError: Swift.Error {",
    ),
    (
        "    var pollResult: Int8;
    repeat {
        pollResult = await withUnsafeContinuation {
            pollFunc(
                rustFuture,
                { handle, pollResult in
                    uniffiFutureContinuationCallback(handle: handle, pollResult: pollResult)
                },
                uniffiContinuationHandleMap.insert(obj: $0)
            )
        }
    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY
",
        "    await uniffiReady(rustFuture, pollFunc)\n",
    ),
    (
        "fileprivate func uniffiRustCallAsync<",
        "@inline(never)
fileprivate func uniffiReady(
    _ rustFuture: UInt64,
    _ pollFunc: (UInt64, @escaping UniffiRustFutureContinuationCallback, UInt64) -> ()
) async {
    var pollResult: Int8
    repeat {
        pollResult = await withUnsafeContinuation {
            pollFunc(
                rustFuture,
                { handle, pollResult in
                    uniffiFutureContinuationCallback(handle: handle, pollResult: pollResult)
                },
                uniffiContinuationHandleMap.insert(obj: $0)
            )
        }
    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY
}

fileprivate func uniffiRustCallAsync<",
    ),
    (
        "fileprivate enum UniffiInternalError: LocalizedError {",
        "fileprivate enum UniffiInternalError: Error {",
    ),
];

/// What is generated for many types, and what stands in each place.
const EVERYWHERE: [(&str, &str); 11] = [
    (
        "    public static func read(",
        "    @inline(never)\n    public static func read(",
    ),
    (
        "    public static func write(",
        "    @inline(never)\n    public static func write(",
    ),
    (
        "    public func uniffiCloneHandle()",
        "    @inline(never)\n    fileprivate func uniffiCloneHandle()",
    ),
    ("(data: Data, offset: Data.Index)", "UniffiReader"),
    ("public struct FfiConverter", "fileprivate struct FfiConverter"),
    ("public func FfiConverter", "fileprivate func FfiConverter"),
    (": Equatable, Hashable {", " {"),
    ("open func ", "public func "),
    (
        "    required public init(unsafeFromHandle ",
        "    fileprivate init(unsafeFromHandle ",
    ),
    (
        "    /// Used to instantiate a [FFIObject] without an actual handle, for fakes in tests, mostly.
#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public struct NoHandle {
        public init() {}
    }
",
        "",
    ),
    (
        "#if swift(>=5.8)
    @_documentation(visibility: private)
#endif
    public init(noHandle: NoHandle) {
        self.handle = 0
    }
",
        "",
    ),
];

/// Records of many fields.
const LARGE: [&str; 4] = ["FfiProblem", "FfiSnapshot", "FfiStats", "FfiTransfer"];

/// How the class of an object that crosses begins, and how what follows its name does.
const CLASS: (&str, &str) = ("open class ", "Protocol, @unchecked Sendable {");

/// Rewrites the Swift in `folder`.
pub(crate) fn rewrite(folder: &Utf8Path) -> Result<()> {
    let file = folder.join(FILE);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    fs::write(&file, small(&text)?).with_context(|| format!("cannot write {file}"))
}

/// The generated Swift with those changes.
///
/// # Errors
/// When it is not what this was written for.
fn small(generated: &str) -> Result<String> {
    let mut text = generated.to_owned();
    for beginning in LEFT_OUT {
        leave_out(&mut text, beginning)?;
    }
    for (before, after) in CHANGES {
        replace(&mut text, before, after, 1)?;
    }
    for name in classes(&text) {
        leave_out(&mut text, &format!("public protocol {name}Protocol: "))?;
        let (begin, end) = CLASS;
        let (before, after) = (
            format!("{begin}{name}: {name}{end}"),
            format!("public final class {name}: Sendable {{"),
        );
        replace(&mut text, &before, &after, 1)?;
    }
    for (before, after) in EVERYWHERE {
        let found = text.matches(before).count();
        ensure!(
            found > 0,
            "UniFFI does not generate this; fit `swift.rs` to its version:\n{before}"
        );
        replace(&mut text, before, after, found)?;
    }
    for name in LARGE {
        let before = format!("public struct {name} {{");
        replace(&mut text, &before, &format!("public final class {name} {{"), 1)?;
    }
    Ok(text)
}

fn replace(text: &mut String, before: &str, after: &str, times: usize) -> Result<()> {
    let found = text.matches(before).count();
    ensure!(
        found == times,
        "UniFFI generates this {found} times, and {times} is expected; fit `swift.rs` to its version:\n{before}"
    );
    *text = text.replace(before, after);
    Ok(())
}

/// The names of the classes of objects that cross.
fn classes(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.strip_prefix(CLASS.0));
    names
        .filter_map(|rest| rest.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Takes the declaration at the top of the file that begins so out, to the brace that closes it.
fn leave_out(text: &mut String, beginning: &str) -> Result<()> {
    let begin = text.find(&format!("\n{beginning}")).map(|at| at + 1);
    let end = begin.and_then(|begin| Some(begin + text.get(begin..)?.find("\n}\n")? + "\n}\n".len()));
    let (Some(begin), Some(end)) = (begin, end) else {
        bail!("UniFFI does not generate `{beginning}`; fit `swift.rs` to its version");
    };
    text.replace_range(begin..end, "");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something of all that is known, in a file.
    fn known() -> String {
        let left_out = LEFT_OUT.map(|beginning| format!("{beginning} {{\n    x\n}}\n"));
        let changed = CHANGES.map(|(before, _)| before);
        let everywhere = EVERYWHERE.map(|(before, _)| before);
        let large = LARGE.map(|name| format!("public struct {name}: Equatable, Hashable {{\n"));
        format!(
            "import Foundation\n{}{}\n{}\npublic protocol AProtocol: AnyObject {{\n}}\nopen class A: AProtocol, @unchecked \
             Sendable {{\n}}\n{}",
            left_out.concat(),
            changed.join("\n"),
            everywhere.join("\n"),
            large.concat()
        )
    }

    #[test]
    fn what_crosses_is_final_and_nobody_compares_it() {
        let text = small(&known()).unwrap();
        assert!(text.contains("public final class A: Sendable {\n}\n") && !text.contains("AProtocol"));
        assert!(text.contains("public final class FfiTransfer {\n") && !text.contains("Hashable"));
        for beginning in LEFT_OUT
            .into_iter()
            .filter(|beginning| !beginning.contains("readInt<"))
        {
            assert!(!text.contains(beginning), "{beginning}");
        }
    }

    #[test]
    fn what_another_version_generates_is_refused() {
        let known = known();
        let needed = [&CHANGES[..], &EVERYWHERE[..]].concat();
        for before in needed.iter().map(|(before, _)| *before).chain(LEFT_OUT) {
            assert!(small(&known.replace(before, "other")).is_err(), "{before}");
        }
        assert!(small(&known.replace("FfiStats", "FfiCounts")).is_err());
        assert!(small(&known.replace("protocol AProtocol", "protocol BProtocol")).is_err());
        assert!(small(&known.repeat(2)).is_err());
    }
}
