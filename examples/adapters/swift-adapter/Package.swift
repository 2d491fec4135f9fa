// swift-tools-version: 6.0
// The adapter of the Swift package: what it says and hears is told in ../README.md. This folder is not called `swift`,
// because SwiftPM knows a package by its folder's name, and the package's own is called so.
import PackageDescription

let strict = Context.environment["TRANSFER_STATUS_STRICT"] != nil

let package = Package(
    name: "Adapter",
    platforms: [.macOS(.v15)],
    dependencies: [.package(path: "../../../sdk-mobile/swift")],
    targets: [
        .executableTarget(
            name: "transfer-status-adapter-swift",
            dependencies: [.product(name: "TransferStatus", package: "swift")],
            path: "Sources/Adapter",
            swiftSettings: strict ? [.unsafeFlags(["-warnings-as-errors"])] : []
        )
    ]
)
