// Amounts are exact, or are not given as a number at all.

import Foundation
import Testing

@testable import TransferStatus

extension Stories {
    @Suite struct Amounts {
        @Test(arguments: [
            ("0", "0"), ("-0.00", "0"), ("12.10", "12.1"), ("-12.5", "-12.5"), ("1e3", "1000"), ("1.25E-2", "0.0125"),
            ("9007199254740993", "9007199254740993"), ("0.1", "0.1"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("1234567890123456789.0123456789012345678", "1234567890123456789.0123456789012345678"),
        ])
        func a_number_is_exact(text: String, decimal: String) throws {
            let amount = Amount(text: text)
            #expect(amount.decimal.map { "\($0)" } == decimal)
            #expect("\(amount)" == text)
        }

        @Test(arguments: ["1e200", "1e-200", "1234567890123456789012345678901234567890.1", "1e99999999999999999999"])
        func a_number_that_would_be_rounded_is_only_a_text(text: String) {
            let amount = Amount(text: text)
            #expect(amount.decimal == nil)
            #expect(amount.text == text)
        }
    }
}
