//! The client session of Transfer Status as a bare WebAssembly module: numbers in, numbers out.
//!
//! One instance of the module is one session, so it needs no allocator and no table of handles. The host keeps
//! the objects (sockets, parsed transfers); only their order crosses. [`abi`] names every export.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
pub mod abi;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
