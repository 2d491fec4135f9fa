// Reads commands line by line and carries each out before the next; watches tell their events from tasks of their own.

import Foundation

let output = Output()
let adapter = Adapter(output: output)
output.ready()
while let line = readLine() {
    adapter.carryOut(line)
}
exit(0)
