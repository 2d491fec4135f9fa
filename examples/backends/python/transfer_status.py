"""Mint, sign and publish for Transfer Status, on Python's standard library alone: copy this file.

    request = mint(os.environ["SUBSCRIBE_HMAC_SECRET"], "order-1042", "corner-coffee")   # what the page gets, as JSON
    publish(url, os.environ["HMAC_SECRET"], {"transferId": "order-1042", "status": "completed", "amount": 12.1})

What must arrive belongs into your own database first; publish from an outbox there.
"""

import base64
import hashlib
import hmac
import http.client
import json
import random
import ssl
import time
from urllib.parse import urlsplit

ATTEMPTS = 6
ATTEMPT_SECONDS = 10
DEADLINE_SECONDS = 45


def mint(secret, transfer_id, merchant_id, valid_for=900, now=None):
    """The right to watch one transfer for a while: PROTOCOL.md, section 5."""
    expiry = int((time.time() if now is None else now) + valid_for)
    claims = {"transferRequestId": transfer_id, "merchantId": merchant_id, "expiry": expiry}
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
    encoded = base64.b64encode(payload.encode())
    mac = hmac.digest(secret.encode(), encoded, hashlib.sha256)
    signature = encoded + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")
    return {**claims, "signature": signature.decode()}


def sign(secret, body, timestamp=None):
    """The X-Signature of the exact bytes of a body, with X-Timestamp in Unix seconds: PROTOCOL.md, section 4."""
    prefix = b"" if timestamp is None else b"%d." % timestamp
    return hmac.new(secret.encode(), prefix + body, hashlib.sha256).hexdigest()


class PublishError(Exception):
    """The update was not stored, as far as is known. `transfer` is the stored one, beside a conflict."""

    def __init__(self, code, message, status=None, transfer=None, retryable=False, retry_after=0):
        super().__init__(message)
        self.code, self.status, self.transfer = code, status, transfer
        self.retryable, self.retry_after = retryable, retry_after


def publish(url, secret, update):
    """Sends an update and gives the transfer as it is stored; tries again what may pass."""
    body = json.dumps(update, ensure_ascii=False).encode()
    deadline = time.monotonic() + DEADLINE_SECONDS
    for attempt in range(ATTEMPTS):
        try:
            return _send(url, secret, body, update["transferId"])
        except PublishError as error:
            pause = error.retry_after + random.random() * min(0.25 * 2**attempt, 10)
            if not error.retryable or attempt + 1 == ATTEMPTS or time.monotonic() + pause + 1 > deadline:
                raise
        time.sleep(pause)


def _send(url, secret, body, transfer_id):
    parts = urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname, parts.port, timeout=ATTEMPT_SECONDS)
    # The same bytes each time, with a fresh timestamp.
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "X-Timestamp": str(timestamp),
        "X-Signature": sign(secret, body, timestamp),
    }
    try:
        connection.request("POST", parts.path.rstrip("/") + "/update", body, headers)
        response = connection.getresponse()
        status, text, retry_after = response.status, response.read(), response.getheader("Retry-After", "")
    except (OSError, http.client.HTTPException) as error:
        # A wrong certificate does not mend itself.
        passing = not isinstance(error, ssl.SSLCertVerificationError)
        raise PublishError("network", f"the service cannot be reached: {error}", retryable=passing) from error
    finally:
        connection.close()
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    if status == 200 and answer.get("id") == transfer_id:
        return answer
    # By the service's code; by the HTTP status where it said none.
    is_own = answer.get("type") == "error" and isinstance(answer.get("code"), str)
    code = answer["code"] if is_own else "unexpected"
    passing = status in (408, 425, 429) or (status >= 500 and status not in (501, 505, 511))
    raise PublishError(
        code,
        answer.get("message") if is_own else f"HTTP {status} is not the service's own answer; check the URL",
        status,
        answer.get("transfer"),
        code in ("rate_limited", "internal", "unavailable") or (not is_own and passing),
        int(retry_after) if retry_after.isdigit() else 0,
    )
