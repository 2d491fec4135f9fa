// A command, as it comes in. Members that nobody knows are ignored.

struct Command: Decodable {
    let cmd: String
    let watch: String?
    let url: String?
    let transferId: String?
    let signature: String?
    let refresh: Bool?
    let allowPlainText: Bool?
    let hint: String?
    let id: Int?
    let outcome: String?
    let message: String?
    let text: String?
}
