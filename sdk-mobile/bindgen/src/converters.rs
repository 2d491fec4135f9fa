//! Makes functions of UniFFI's converters: a class file repeats each name that it uses, and UniFFI makes a class for every
//! type that crosses.
//!
//! `FfiConverterString.read(buf)` becomes `FfiConverterString_read(buf)`: all of them share one class, a number is not boxed
//! on its way through an interface, and a function that nobody calls can be left out. They are the file's own. What is rewritten wrongly does not
//! compile, for what a converter's object had is called by name.

use anyhow::{Context, Result, ensure};

/// How the name of every converter begins, and of both interfaces of them.
const CONVERTER: &str = "FfiConverter";

/// The interfaces' declarations.
const INTERFACES: [&str; 2] = ["interface FfiConverter<", "interface FfiConverterRustBuffer<"];

/// What the first interface does with a buffer, and how the function that does it for all types differs.
const BUFFERS: [(&str, &str); 5] = [
    (
        "fun lowerIntoRustBuffer(value: KotlinType): RustBuffer.ByValue {",
        "fun <KotlinType> uniffiLower(value: KotlinType, size: ULong, write: (KotlinType, ByteBuffer) -> Unit): \
         RustBuffer.ByValue {",
    ),
    (
        "RustBuffer.alloc(allocationSize(value))",
        "RustBuffer.alloc(size)",
    ),
    ("write(value, bbuf)", "write(value, bbuf)"),
    (
        "fun liftFromRustBuffer(rbuf: RustBuffer.ByValue): KotlinType {",
        "fun <KotlinType> uniffiLift(rbuf: RustBuffer.ByValue, read: (ByteBuffer) -> KotlinType): KotlinType {",
    ),
    ("read(byteBuf)", "read(byteBuf)"),
];

/// The generated Kotlin with functions for converters.
///
/// # Errors
/// When it is not what this was written for.
pub(crate) fn flatten(generated: &str) -> Result<String> {
    let mut flat = String::with_capacity(generated.len());
    let mut lines = generated.lines();
    let (mut interfaces, mut converters) = (0, 0);
    while let Some(line) = lines.next() {
        let interface = INTERFACES.iter().any(|begin| line.contains(begin));
        let converter = line.split_once("object FfiConverter");
        if !interface && converter.is_none() {
            flat.push_str(line);
            flat.push('\n');
            continue;
        }
        // The end of what stands at the top of the file is the first brace that nothing stands before.
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
        let methods = methods(&body);
        match converter {
            Some((_, rest)) => {
                let name = rest.split(|c| !is_of_a_word(c)).next().unwrap_or_default();
                flat.push_str(&functions(&format!("{CONVERTER}{name}"), line, &methods)?);
                converters += 1;
            }
            None => {
                flat.push_str(&buffers(&methods)?);
                interfaces += 1;
            }
        }
    }
    ensure!(
        interfaces == INTERFACES.len() && converters > 0,
        "UniFFI's converters are not where they are expected; fit `converters.rs`"
    );
    Ok(calls_as_functions(&flat))
}

/// A method of a class or an interface that stands at the top of the file.
struct Method {
    name: String,
    /// Its declaration and its body, as a function at the top of the file.
    text: String,
}

/// Everything from each line that begins a method to the next; what stands before the first is left out.
fn methods(body: &[&str]) -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for line in body {
        let line = line.strip_prefix("    ").unwrap_or(line);
        let declaration = line.strip_prefix("override ").unwrap_or(line);
        if let Some(rest) = declaration.strip_prefix("fun ") {
            let name = rest.split(|c| !is_of_a_word(c)).next().unwrap_or_default();
            methods.push(Method {
                name: name.to_owned(),
                text: format!("private {declaration}\n"),
            });
        } else if let Some(method) = methods.last_mut() {
            method.text.push_str(line);
            method.text.push('\n');
        }
    }
    methods
}

/// What an interface of converters does itself, as functions: those of its methods that have a body of several lines.
fn buffers(methods: &[Method]) -> Result<String> {
    let mut text: String = methods
        .iter()
        .filter(|method| method.text.contains("{\n"))
        .map(|method| method.text.as_str())
        .collect();
    if text.is_empty() {
        return Ok(text);
    }
    for (before, after) in BUFFERS {
        ensure!(
            text.matches(before).count() == 1,
            "`{before}` is expected once; fit `converters.rs`"
        );
        text = text.replacen(before, after, 1);
    }
    Ok(text)
}

/// The functions that stand for the converter of this name, whose object begins with `header`.
fn functions(converter: &str, header: &str, methods: &[Method]) -> Result<String> {
    let mut functions = String::new();
    for method in methods {
        let mut text = method.text.clone();
        for sibling in methods {
            text = renamed(&text, &sibling.name, &format!("{converter}_{}", sibling.name));
        }
        functions.push_str(&text);
    }
    if let Some((_, rest)) = header.split_once("FfiConverterRustBuffer<") {
        let (of, _) = rest.rsplit_once('>').context("a converter of no type")?;
        functions.push_str(&format!(
            "private fun {converter}_lift(value: RustBuffer.ByValue): {of} = uniffiLift(value) {{ {converter}_read(it) }}\n\
             private fun {converter}_lower(value: {of}): RustBuffer.ByValue =\n    uniffiLower(value, \
             {converter}_allocationSize(value)) {{ it, buf -> {converter}_write(it, buf) }}\n"
        ));
    }
    Ok(functions)
}

/// The text with another name for the function `name` where it is declared, and where it is called on nothing.
fn renamed(text: &str, name: &str, other: &str) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let (found, after) = found.split_at(name.len());
        let alone = !before.ends_with(|c: char| is_of_a_word(c) || c == '.') && after.starts_with('(');
        renamed.push_str(before);
        renamed.push_str(if alone { other } else { found });
        rest = after;
    }
    renamed + rest
}

/// `FfiConverterX.read(` as `FfiConverterX_read(`.
fn calls_as_functions(text: &str) -> String {
    let mut pieces = text.split(CONVERTER);
    let mut flat = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_at(piece.find(|c| !is_of_a_word(c)).unwrap_or(piece.len()));
        flat.push_str(CONVERTER);
        flat.push_str(name);
        match rest.strip_prefix('.') {
            Some(method) if method.starts_with(is_of_a_word) => {
                flat.push('_');
                flat.push_str(method);
            }
            _ => flat.push_str(rest),
        }
    }
    flat
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACE: &str = "interface FfiConverter<KotlinType, FfiType> {
    // From `lower`
    fun lift(value: FfiType): KotlinType
    // Into a buffer
    fun lowerIntoRustBuffer(value: KotlinType): RustBuffer.ByValue {
        val rbuf = RustBuffer.alloc(allocationSize(value))
        write(value, bbuf)
        return rbuf
    }
    fun liftFromRustBuffer(rbuf: RustBuffer.ByValue): KotlinType {
        return read(byteBuf)
    }
}
interface FfiConverterRustBuffer<KotlinType>: FfiConverter<KotlinType, RustBuffer.ByValue> {
    override fun lift(value: RustBuffer.ByValue) = liftFromRustBuffer(value)
}
";

    #[test]
    fn a_converter_is_functions_that_are_called_by_its_name() {
        let converters = "/** Of a number. */
public object FfiConverterUInt: FfiConverter<UInt, Int> {
    override fun lift(value: Int): UInt {
        return value.toUInt()
    }

    // Of four bytes.
    override fun read(buf: ByteBuffer): UInt {
        return lift(buf.getInt())
    }
}
object FfiConverterTypeA : FfiConverterRustBuffer<List<A?>>{
    override fun read(buf: ByteBuffer) = A(FfiConverterUInt.read(buf))
    override fun allocationSize(value: A) = (
            FfiConverterUInt.allocationSize(value.`read`)
    )
}
class After { val a = lift(FfiConverterTypeA.lift(it)) } // FfiConverterTypeA.
";
        let flat = flatten(&format!("{INTERFACE}{converters}")).unwrap();
        assert_eq!(
            flat,
            "private fun <KotlinType> uniffiLower(value: KotlinType, size: ULong, write: (KotlinType, ByteBuffer) -> Unit): \
             RustBuffer.ByValue {
    val rbuf = RustBuffer.alloc(size)
    write(value, bbuf)
    return rbuf
}
private fun <KotlinType> uniffiLift(rbuf: RustBuffer.ByValue, read: (ByteBuffer) -> KotlinType): KotlinType {
    return read(byteBuf)
}
/** Of a number. */
private fun FfiConverterUInt_lift(value: Int): UInt {
    return value.toUInt()
}

// Of four bytes.
private fun FfiConverterUInt_read(buf: ByteBuffer): UInt {
    return FfiConverterUInt_lift(buf.getInt())
}
private fun FfiConverterTypeA_read(buf: ByteBuffer) = A(FfiConverterUInt_read(buf))
private fun FfiConverterTypeA_allocationSize(value: A) = (
        FfiConverterUInt_allocationSize(value.`read`)
)
private fun FfiConverterTypeA_lift(value: RustBuffer.ByValue): List<A?> = uniffiLift(value) { FfiConverterTypeA_read(it) }
private fun FfiConverterTypeA_lower(value: List<A?>): RustBuffer.ByValue =
    uniffiLower(value, FfiConverterTypeA_allocationSize(value)) { it, buf -> FfiConverterTypeA_write(it, buf) }
class After { val a = lift(FfiConverterTypeA_lift(it)) } // FfiConverterTypeA.
"
        );
    }

    #[test]
    fn what_another_version_generates_is_refused() {
        let converter = "object FfiConverterA: FfiConverter<A, Int> {\n}\n";
        let known = format!("{INTERFACE}{converter}");
        assert!(flatten(&known).is_ok());
        assert!(flatten(INTERFACE).is_err());
        assert!(flatten(converter).is_err());
        for (before, _) in BUFFERS {
            assert!(
                flatten(&known.replace(before, "fun other() {")).is_err(),
                "{before}"
            );
        }
    }
}
