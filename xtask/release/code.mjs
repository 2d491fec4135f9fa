// Prints the code of a payment that is completed, for the projects that stand for a phone.
import { formatQr } from "../../sdk-wasm/npm/dist/qr.js";
import { mint, publish } from "../../sdk-wasm/npm/dist/server.js";

const { HMAC_SECRET, SUBSCRIBE_HMAC_SECRET, TRANSFER_STATUS_URL: url } = process.env;
const transferId = "order-of-the-phones";
const { signature } = await mint(SUBSCRIBE_HMAC_SECRET, { transferId, merchantId: "merchant-7" });
await publish({ url, secret: HMAC_SECRET }, { transferId, status: "completed" });
console.log(formatQr({ page: "https://pay.example", transferId, signature }));
