#!/bin/sh
# The package as a repository of its own has it, in the folder $1: the framework's address is $2, its checksum $3.
# The generated sources have to be there by then (`cargo xtask build swift`, or xcframework.sh).
set -eu
to=$1 url=$2 checksum=$3
cd "$(dirname "$0")"
mkdir -p "$to"
cp -R Sources Generated ../../LICENSE "$to"
# What the project's own README points to stays where it is.
sed "s|](\.\./\.\./|](https://github.com/transfer-status/transfer-status/tree/main/|g" README.md > "$to/README.md"
# The one line that a release differs in.
sed "s|^let release: .*|let release: (url: String, checksum: String)? = (\"$url\", \"$checksum\")|" \
  Package.swift > "$to/Package.swift"
grep -q "$checksum" "$to/Package.swift"
