#!/usr/bin/env bash
# The native library for the four ABIs of Android, and the Kotlin that is generated from it.
#
# Needs the Android NDK r28 or newer (ANDROID_NDK_HOME), which aligns to pages of 16 KB, cargo-ndk 4 (`cargo install
# cargo-ndk`), and the targets: rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android
# i686-linux-android
set -euo pipefail
cd "$(dirname "$0")/../../.."

android=sdk-mobile/kotlin/android
abis=(arm64-v8a armeabi-v7a x86_64 x86)
pages=16384

targets=()
for abi in "${abis[@]}"; do targets+=(--target "$abi"); done
# Aligned also by an older NDK; one code for functions that are the same; relocations packed, as of Android 9 (or 8, by
# Android's own form). A piece of code that the compiler moves out of functions that share it needs unwinding tables of its
# own, which weigh more than it saves. Not exported: the generator below is a program for this machine.
flags="-Clink-arg=-Wl,-z,max-page-size=$pages -Clink-arg=-Wl,--icf=all -Clink-arg=-Wl,--pack-dyn-relocs=android \
-Cllvm-args=-enable-machine-outliner=never"

# With SMALLEST=1 the standard library is compiled too (a tenth less: it prints no backtraces). That is an unstable part of
# cargo, which the stable compiler allows by RUSTC_BOOTSTRAP; it needs `rustup component add rust-src`.
standard_library=()
if [ -n "${SMALLEST:-}" ]; then standard_library=("-Zbuild-std=std,panic_unwind" -Zbuild-std-features=); fi
env ${SMALLEST:+RUSTC_BOOTSTRAP=1} RUSTFLAGS="$flags" cargo ndk "${targets[@]}" --platform 26 \
  rustc --locked --package transfer-status-mobile --profile mobile --crate-type cdylib "${standard_library[@]}"

# Read out of a library that is not stripped yet.
triple=aarch64-linux-android
cargo run --quiet --package transfer-status-bindgen -- kotlin \
  "target/$triple/mobile/libtransfer_status_mobile.so" "$android/build/generated/kotlin"

strip=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin/llvm-strip)
readelf=$(echo "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin/llvm-readelf)
declare -A triples=(
  [arm64-v8a]=aarch64-linux-android [armeabi-v7a]=armv7-linux-androideabi
  [x86_64]=x86_64-linux-android [x86]=i686-linux-android
)
for abi in "${abis[@]}"; do
  library="$android/src/main/jniLibs/$abi/libtransfer_status_mobile.so"
  mkdir -p "$(dirname "$library")"
  "$strip" -o "$library" "target/${triples[$abi]}/mobile/libtransfer_status_mobile.so"
  # The loader of a device with pages of 16 KB refuses anything less.
  case $abi in
    arm64-v8a | x86_64)
      headers=$("$readelf" -lW "$library")
      while read -r kind rest; do
        if [ "$kind" = LOAD ] && ((${rest##* } < pages)); then
          echo "$library is not aligned to $pages bytes" >&2
          exit 1
        fi
      done <<< "$headers" ;;
  esac
done
