// What keeps a watch from being live, as data.

import Foundation

/// What keeps a watch from being live. The watch goes on trying all the same.
public struct Problem: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, to switch over.
    public let kind: Kind
    /// Its stable name, such as `not-the-service`, for a log.
    public let name: String
    /// A text that says what to do.
    public let description: String
    /// When the first attempt failed for this reason.
    public let since: Date
    /// How many attempts have failed since then, from 1.
    public let attempts: UInt32
    /// When the next one begins; `nil` while one is under way.
    public let nextAttempt: Date?

    /// The kinds of problem.
    public enum Kind: Sendable, Hashable {
        /// The host's name is not found.
        case dns
        /// Nobody listens at the port.
        case connectionRefused
        /// There is no way to the host.
        case unreachable
        /// Connecting, the first status, a pong or a poll took too long.
        case timeout
        /// The certificate is not trusted, out of date or another host's.
        case certificate
        /// TLS failed otherwise.
        case tls
        /// A redirect in place of a socket or of an answer. It is not followed: the signature is for the service alone.
        case redirect(status: UInt16?)
        /// Another HTTP status that is no success.
        case http(status: UInt16)
        /// A success that is not the service's: a page, a portal.
        case notTheService
        /// The socket ended before its first status had held; 1005 or 1006 where there was no close code.
        case socketClosed(code: UInt16)
        /// Something that came cannot be read: the field, or what is wrong with the whole.
        case malformed(field: String)
        /// Too many watchers of this transfer, or too many attempts.
        case tooManyWatchers
        /// There is no fresh signature, or those that came are expired or refused; in the source's own words.
        case signatureRefresh(cause: String?)
        /// One that this version does not know; ``Problem/name`` says which.
        case other
    }
}
