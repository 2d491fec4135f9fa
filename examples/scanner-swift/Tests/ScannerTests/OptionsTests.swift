// The command line.

import Testing

@testable import scanner

@Suite struct OptionsTests {
    @Test(arguments: [
        ([], "give one payload, or one picture"),
        (["x", "--picture", "y", "--service", "u"], "give one payload, or one picture"),
        (["x"], "--service is missing"),
        (["x", "--service", "u", "--pay", "1"], "--pay and --bank belong together"),
        (["x", "--verbose"], "unknown option --verbose"),
        (["x", "--service"], "--service needs a value"),
    ])
    func aCommandLineThatMakesNoSenseSaysWhy(words: [String], why: String) throws {
        // What is thrown is compared as text: the sentence is what a person gets.
        #expect {
            try Options(words)
        } throws: { error in
            "\(error)" == "\(why)\n\(Options.usage)"
        }
    }

    @Test func eachWayToGiveACodeIsTaken() throws {
        let service = ["--service", "https://status.example.com"]
        #expect(try Options(service + ["-"]).source == .standardInput)
        #expect(try Options(service + ["https://pay.example/t/a#s=b"]).source == .payload("https://pay.example/t/a#s=b"))
        #expect(try Options(service + ["--picture", "code.png"]).source == .picture("code.png"))
    }
}
