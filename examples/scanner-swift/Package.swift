// swift-tools-version: 6.0
// A scanner for the command line, which stands for the phone. `Screen` is the same for a phone's screen: source to copy,
// which needs Xcode and is not built in CI.
import PackageDescription

let strict = Context.environment["TRANSFER_STATUS_STRICT"] != nil

let package = Package(
    name: "Scanner",
    platforms: [.macOS(.v14)],
    dependencies: [.package(path: "../../sdk-mobile/swift")],
    targets: [
        .executableTarget(
            name: "scanner",
            dependencies: [.product(name: "TransferStatus", package: "swift")],
            path: "Sources/Scanner",
            swiftSettings: strict ? [.unsafeFlags(["-warnings-as-errors"])] : []
        )
    ]
)
