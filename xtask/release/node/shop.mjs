// A payment from end to end by a backend that has only the published package.
import { isFinal } from "@transfer-status/client/store";
import { formatQr, parseQr } from "@transfer-status/client/qr";
import { mint, publish, Secret, verify, watch } from "@transfer-status/client/server";

const { HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, TRANSFER_STATUS_URL: url } = process.env;
const transferId = "order-of-the-node-shop";
const subscribe = new Secret(SUBSCRIBE_HMAC_SECRET);
const { signature } = await mint(subscribe, { transferId, merchantId: "merchant-7" });
await verify(
  subscribe,
  parseQr(formatQr({ page: "https://pay.example", transferId, signature })).signature,
  transferId,
);

const payment = watch({ url, transferId, signature });
const service = { url, secret: new Secret(HMAC_SECRET) };
await publish(service, { transferId, status: "processing" });
await publish(service, { transferId, status: "completed" });
const transfer = await payment.finished;
if (!isFinal(transfer)) throw new Error(`${transfer.status} is no end`);
console.log(`node: ${transfer.status}`);
