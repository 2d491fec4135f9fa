"""Answers the tests line by line: see ../tests/backends.test.mjs."""

import base64
import json
import sys

from transfer_status import PublishError, mint, publish, sign

for line in sys.stdin:
    what, *words = (base64.b64decode(word).decode() for word in line.rstrip("\n").split(" "))
    if what == "mint":
        secret, transfer_id, merchant_id, expiry = words
        print(mint(secret, transfer_id, merchant_id, 60, int(expiry) - 60)["signature"], flush=True)
    elif what == "sign":
        secret, timestamp, body = words
        print(sign(secret, body.encode(), int(timestamp) if timestamp else None), flush=True)
    else:
        url, secret, update = words
        try:
            stored = publish(url, secret, json.loads(update))
            print("stored", stored["status"], stored["version"], flush=True)
        except PublishError as error:
            print("refused", error.code, flush=True)
