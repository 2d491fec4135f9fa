// swift-tools-version: 6.0
// The package that an app adds. Its native half comes in one of three ways:
//
// - From a release, on Apple's platforms: the release workflow fills in `release`, adds the generated sources and tags
//   the result in a repository of its own (.github/workflows/release-swift.yml). Nothing else is needed.
// - From a working copy, on Apple's platforms: `xcframework.sh` puts the framework beside this file.
// - From a working copy, on Linux, where there are no XCFrameworks: `cargo xtask build swift` builds the library, and
//   TRANSFER_STATUS_LIBRARY names its folder (target/debug of the project unless it is set). That is for tests and tools.
//
// `Generated` is made by the same commands from the library that is linked, and never committed.
import PackageDescription

/// Where a release has its XCFramework. A working copy has none.
let release: (url: String, checksum: String)? = nil

/// The tests build with this: a warning is an error.
let strict = Context.environment["TRANSFER_STATUS_STRICT"] != nil
let handWritten: [SwiftSetting] = strict ? [.unsafeFlags(["-warnings-as-errors"])] : []

#if os(Linux)
let library = Context.environment["TRANSFER_STATUS_LIBRARY"] ?? "\(Context.packageDirectory)/../../target/debug"
let border: Target = .systemLibrary(name: "TransferStatusFFI", path: "Generated/TransferStatusFFI")
let linked: [LinkerSetting] = [
    .linkedLibrary("transfer_status_mobile"),
    .unsafeFlags(["-L\(library)", "-Xlinker", "-rpath", "-Xlinker", library]),
    // Swift 6.0's libswiftObservation names a symbol there that no library has; nothing here reaches it.
    .unsafeFlags(["-Xlinker", "--allow-shlib-undefined"]),
]
/// By which the tests count what is left behind.
let counting: [Target] = release == nil ? [.systemLibrary(name: "CMalloc", path: "Tests/CMalloc")] : []
#else
let counting: [Target] = []
let border: Target = release.map { .binaryTarget(name: "TransferStatusFFI", url: $0.url, checksum: $0.checksum) }
    ?? .binaryTarget(name: "TransferStatusFFI", path: "TransferStatusFFI.xcframework")
let linked: [LinkerSetting] = [.linkedFramework("Security"), .linkedFramework("CoreFoundation")]
#endif

/// What a release leaves out.
let tests: [Target] = release == nil ? [
    .testTarget(
        name: "TransferStatusTests",
        dependencies: ["TransferStatus", "TransferStatusBindings"] + counting.map { .target(name: $0.name) },
        swiftSettings: handWritten
    ),
    .executableTarget(
        name: "bench",
        dependencies: ["TransferStatus"] + counting.map { .target(name: $0.name) },
        path: "Bench",
        swiftSettings: handWritten
    ),
] : []

let package = Package(
    name: "TransferStatus",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "TransferStatus", targets: ["TransferStatus"])],
    targets: counting + tests + [
        border,
        // What UniFFI makes: in the mode that it is written for, and in no product, so that no app gets used to it.
        .target(
            name: "TransferStatusBindings",
            dependencies: ["TransferStatusFFI"],
            path: "Generated/TransferStatusBindings",
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: linked
        ),
        .target(
            name: "TransferStatus",
            dependencies: ["TransferStatusBindings"],
            swiftSettings: handWritten
        ),
    ]
)
