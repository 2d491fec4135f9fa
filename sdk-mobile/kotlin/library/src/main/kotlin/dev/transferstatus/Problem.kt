// What keeps a watch from being live, as data.
package dev.transferstatus

import java.time.Instant

/**
 * What keeps a watch from being live. The watch goes on trying all the same.
 *
 * @property kind what is wrong, to match on
 * @property name its stable name, such as `not-the-service`, for a log
 * @property message a text that says what to do
 * @property since when the first attempt failed for this reason
 * @property attempts how many attempts have failed since then, from 1
 * @property nextAttempt when the next one begins; `null` while one is under way
 */
public data class Problem internal constructor(
    public val kind: ProblemKind,
    public val name: String,
    public val message: String,
    public val since: Instant,
    public val attempts: Int,
    public val nextAttempt: Instant?,
)

/** The kinds of [Problem]. */
public sealed interface ProblemKind {
    /** The host's name is not found. */
    public data object Dns : ProblemKind

    /** Nobody listens at the port. */
    public data object ConnectionRefused : ProblemKind

    /** There is no way to the host. */
    public data object Unreachable : ProblemKind

    /** Connecting, the first status, a pong or a poll took too long. */
    public data object Timeout : ProblemKind

    /** The certificate is not trusted, out of date or another host's. */
    public data object Certificate : ProblemKind

    /** TLS failed otherwise. */
    public data object Tls : ProblemKind

    /**
     * A redirect in place of a socket or of an answer. It is not followed: the signature is for the service alone.
     *
     * @property status the HTTP status, where it is known
     */
    public data class Redirect internal constructor(public val status: Int?) : ProblemKind

    /**
     * Another HTTP status that is no success.
     *
     * @property status the HTTP status
     */
    public data class Http internal constructor(public val status: Int) : ProblemKind

    /** A success that is not the service's: a page, a portal. */
    public data object NotTheService : ProblemKind

    /**
     * The socket ended before its first status had held.
     *
     * @property code the close code; 1005 or 1006 where there was none
     */
    public data class SocketClosed internal constructor(public val code: Int) : ProblemKind

    /**
     * Something that came cannot be read.
     *
     * @property field the field, or what is wrong with the whole
     */
    public data class Malformed internal constructor(public val field: String) : ProblemKind

    /** Too many watchers of this transfer, or too many attempts. */
    public data object TooManyWatchers : ProblemKind

    /**
     * There is no fresh signature, or those that came are expired or refused.
     *
     * @property cause the [SignatureSource]'s own words
     */
    public data class SignatureRefresh internal constructor(public val cause: String?) : ProblemKind

    /** One that this version does not know; [Problem.name] says which. */
    public data object Other : ProblemKind
}
