#!/bin/sh
# Builds TransferStatusFFI.xcframework (iPhone, its simulator, macOS) and the generated sources, beside this file.
#
# Needs macOS with Xcode and rustup. Run by `.github/workflows/release-swift.yml`, or by hand before an app takes the
# package from a working copy.
set -eu
cd "$(dirname "$0")"
package=$(pwd)
cd ../..
target=$(pwd)/target
targets="aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin"
# What the package supports (Package.swift).
export IPHONEOS_DEPLOYMENT_TARGET=15.0 MACOSX_DEPLOYMENT_TARGET=12.0

for triple in $targets; do
  rustup target add "$triple"
  # With an rlib beside it, cargo would leave out the optimization at link time.
  cargo rustc --locked --package transfer-status-mobile --profile mobile --target "$triple" --crate-type staticlib
done

# The bindings are read out of a library for this machine, before it is stripped.
cargo rustc --locked --package transfer-status-mobile --profile mobile --crate-type cdylib
cargo run --locked --package transfer-status-bindgen -- swift \
  "$target/mobile/libtransfer_status_mobile.dylib" "$target/bindings/swift"
rm -rf "$package/Generated"
mkdir -p "$package/Generated/TransferStatusBindings"
cp "$target/bindings/swift/TransferStatusBindings.swift" "$package/Generated/TransferStatusBindings/"

work=$target/xcframework
rm -rf "$work" "$package/TransferStatusFFI.xcframework"
# A folder of its own, so that no other framework's module map lies at the same place.
headers=$work/include/TransferStatusFFI
mkdir -p "$headers" "$work/simulator" "$work/macos" "$work/device"
cp "$target/bindings/swift/TransferStatusFFI.h" "$target/bindings/swift/module.modulemap" "$headers/"
library() { printf '%s/%s/mobile/libtransfer_status_mobile.a' "$target" "$1"; }
cp "$(library aarch64-apple-ios)" "$work/device/libtransfer_status_mobile.a"
lipo -create "$(library aarch64-apple-ios-sim)" "$(library x86_64-apple-ios)" \
  -output "$work/simulator/libtransfer_status_mobile.a"
lipo -create "$(library aarch64-apple-darwin)" "$(library x86_64-apple-darwin)" \
  -output "$work/macos/libtransfer_status_mobile.a"
set --
for slice in device simulator macos; do
  strip -S -x "$work/$slice/libtransfer_status_mobile.a"
  set -- "$@" -library "$work/$slice/libtransfer_status_mobile.a" -headers "$work/include"
done
xcodebuild -create-xcframework "$@" -output "$package/TransferStatusFFI.xcframework"
