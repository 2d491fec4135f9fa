// swift-tools-version: 6.0
// A scanner for the command line, which stands for the phone. `Screen` is the same for a phone's screen: source to copy,
// which needs Xcode and is not built in CI.
//
// Apple's systems read pictures by themselves. On Linux ZXing-C++, libpng and libturbojpeg do, from the distribution:
// `cargo xtask setup` installs them with Swift.
import PackageDescription

let strict = Context.environment["TRANSFER_STATUS_STRICT"] != nil
let settings: [SwiftSetting] = strict ? [.unsafeFlags(["-warnings-as-errors"])] : []

#if os(Linux)
let camera: [Target] = [
    .systemLibrary(name: "CZXing", pkgConfig: "zxing", providers: [.apt(["libzxing-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
]
#else
let camera: [Target] = []
#endif

let package = Package(
    name: "Scanner",
    platforms: [.macOS(.v14)],
    dependencies: [.package(path: "../../sdk-mobile/swift")],
    targets: camera + [
        .executableTarget(
            name: "scanner",
            dependencies: [.product(name: "TransferStatus", package: "swift")] + camera.map { .target(name: $0.name) },
            path: "Sources/Scanner",
            swiftSettings: settings
        ),
        .testTarget(name: "ScannerTests", dependencies: ["scanner"], swiftSettings: settings),
    ]
)
