//! A small stack for the module: its default of 1 MiB would cost every checkout page sixteen pages of memory.

fn main() {
    let target = std::env::var("CARGO_CFG_TARGET_ARCH");
    if target.as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=4096");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
