<?php
/**
 * Mint, sign and publish for Transfer Status, on PHP 8 with nothing installed: copy this file.
 *
 *     $request = TransferStatus\mint(getenv('SUBSCRIBE_HMAC_SECRET'), 'order-1042', 'corner-coffee'); // the page's, as JSON
 *     TransferStatus\publish($url, getenv('HMAC_SECRET'), ['transferId' => 'order-1042', 'status' => 'completed']);
 *
 * What must arrive belongs into your own database first; publish from an outbox there.
 */

declare(strict_types=1);

namespace TransferStatus;

const ATTEMPTS = 6;
const ATTEMPT_SECONDS = 10;
const DEADLINE_SECONDS = 45;
/** JSON with nothing escaped that need not be. */
const JSON = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS | JSON_THROW_ON_ERROR;

/** The right to watch one transfer for a while: PROTOCOL.md, section 5. */
function mint(#[\SensitiveParameter] string $secret, string $transferId, string $merchantId, int $validFor = 900, ?int $now = null): array
{
    $expiry = ($now ?? time()) + $validFor;
    $claims = ['transferRequestId' => $transferId, 'merchantId' => $merchantId, 'expiry' => $expiry];
    $encoded = base64_encode(json_encode($claims, JSON));
    $mac = base64_encode(hash_hmac('sha256', $encoded, $secret, true));
    return [...$claims, 'signature' => $encoded . '.' . rtrim(strtr($mac, '+/', '-_'), '=')];
}

/** The X-Signature of the exact bytes of a body, with X-Timestamp in Unix seconds: PROTOCOL.md, section 4. */
function sign(#[\SensitiveParameter] string $secret, string $body, ?int $timestamp = null): string
{
    return hash_hmac('sha256', ($timestamp === null ? '' : "$timestamp.") . $body, $secret);
}

/** The update was not stored, as far as is known. `transfer` is the stored one, beside a conflict. */
class PublishError extends \Exception
{
    public function __construct(
        public readonly string $errorCode,
        string $message,
        public readonly bool $isRetryable = false,
        public readonly int $retryAfter = 0,
        public readonly ?array $transfer = null,
    ) {
        parent::__construct($message);
    }
}

/** Sends an update and gives the transfer as it is stored; tries again what may pass. */
function publish(string $url, #[\SensitiveParameter] string $secret, array $update): array
{
    $body = json_encode($update, JSON);
    $deadline = microtime(true) + DEADLINE_SECONDS;
    for ($attempt = 0; ; $attempt++) {
        try {
            return send($url, $secret, $body, $update['transferId']);
        } catch (PublishError $error) {
            $pause = $error->retryAfter + mt_rand() / mt_getrandmax() * min(0.25 * 2 ** $attempt, 10);
            if (!$error->isRetryable || $attempt + 1 === ATTEMPTS || microtime(true) + $pause + 1 > $deadline) {
                throw $error;
            }
            usleep((int) ($pause * 1_000_000));
        }
    }
}

function send(string $url, #[\SensitiveParameter] string $secret, string $body, string $transferId): array
{
    // The same bytes each time, with a fresh timestamp.
    $timestamp = time();
    $headers = ['Content-Type: application/json', "X-Timestamp: $timestamp", 'X-Signature: ' . sign($secret, $body, $timestamp)];
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => $headers,
        'content' => $body,
        'timeout' => ATTEMPT_SECONDS,
        'ignore_errors' => true,
        'follow_location' => 0,
        'protocol_version' => 1.1,
    ]]);
    $http_response_header = [];
    $text = @file_get_contents(rtrim($url, '/') . '/update', false, $context);
    if ($text === false || !preg_match('~^HTTP/\S+ (\d+)~', $http_response_header[0] ?? '', $match)) {
        throw new PublishError('network', 'the service cannot be reached; check the URL and the network', true);
    }
    $status = (int) $match[1];
    $answer = json_decode($text, true);
    $answer = is_array($answer) ? $answer : [];
    if ($status === 200 && ($answer['id'] ?? null) === $transferId) {
        return $answer;
    }
    // By the service's code; by the HTTP status where it said none.
    $isOwn = ($answer['type'] ?? null) === 'error' && is_string($answer['code'] ?? null);
    $code = $isOwn ? $answer['code'] : 'unexpected';
    $isPassing = in_array($status, [408, 425, 429], true) || ($status >= 500 && !in_array($status, [501, 505, 511], true));
    $wait = preg_grep('~^Retry-After:\s*\d+\s*$~i', $http_response_header);
    throw new PublishError(
        $code,
        $isOwn ? (string) $answer['message'] : "HTTP $status is not the service's own answer; check the URL",
        in_array($code, ['rate_limited', 'internal', 'unavailable'], true) || (!$isOwn && $isPassing),
        $wait ? (int) trim(explode(':', end($wait))[1]) : 0,
        $answer['transfer'] ?? null,
    );
}
