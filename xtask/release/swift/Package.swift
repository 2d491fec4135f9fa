// swift-tools-version: 6.0
// A program that has only the exported package, in a folder beside it.
import PackageDescription

let package = Package(
    name: "Consumer",
    platforms: [.macOS(.v12)],
    dependencies: [.package(path: "TransferStatus")],
    targets: [
        .executableTarget(name: "consumer", dependencies: ["TransferStatus"], path: "Sources/Consumer")
    ]
)
