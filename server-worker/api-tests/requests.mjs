// One request for each answer that openapi.yaml describes, by its path, method and status.
import { createHmac } from "node:crypto";

export const HMAC_SECRET = "api-test-update-key-0123456789abcdef";
export const SUBSCRIBE_HMAC_SECRET = "api-test-subscribe-key-0123456789ab";
export const ORIGIN = "https://shop.example";

const WRONG = "not the secret of this server";
const LONG = "x".repeat(17 * 1024);
let next = 0;

export const newId = () => `order-${(next += 1)}`;
const now = () => Math.floor(Date.now() / 1000);
const get = (path, headers = {}) => ({ method: "GET", path, headers });
const post = (path, body, headers = {}) => ({ method: "POST", path, headers, body: JSON.stringify(body) });
const remove = (id, headers) => ({ method: "DELETE", path: `/transfer/${id}`, headers });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** base64(payload) "." base64url(MAC), which is a signature, and a report of the earlier API. */
export function token(payload, secret) {
  const text = Buffer.from(JSON.stringify(payload)).toString("base64");
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

export const signature = (id, secret = SUBSCRIBE_HMAC_SECRET) =>
  token({ transferRequestId: id, merchantId: "merchant-7", expiry: now() + 600 }, secret);

export function update(fields, secret = HMAC_SECRET) {
  const request = post("/update", fields);
  const stamp = String(now());
  const mac = createHmac("sha256", secret).update(`${stamp}.${request.body}`).digest("hex");
  return { ...request, headers: { "x-timestamp": stamp, "x-signature": mac } };
}

export function report(path, id, status, secret = HMAC_SECRET) {
  const payload = { transferRequestId: id, merchantId: "merchant-7", status, details: "d", customerName: "Zoë" };
  return post(path, { token: token(payload, secret) });
}

const whole = (id, status) => ({
  transferId: id,
  status,
  message: "m",
  amount: 12.1,
  merchantId: "merchant-7",
  customerId: "c",
  metadata: { till: 4 },
});
const inQuery = (text) => encodeURIComponent(text);

/**
 * Requests by `METHOD path`, then by status. A list is sent in its order, and its last answer is the one that counts.
 * Where 429 is described it is the 401 again and again; 403 is the first of them from a foreign page; 503 is a server
 * with no secret.
 */
export const requests = (admin) => {
  const operator = bearer(admin);
  const stranger = bearer(WRONG);
  const paid = (id) => update(whole(id, "completed"));
  const id = newId();
  return {
    "POST /update": {
      200: [update(whole(id, "pending"))],
      400: [update({ transferId: id, status: "paid" })],
      401: [update(whole(id, "pending"), WRONG)],
      409: [paid(id), update({ transferId: id, status: "failed" })],
      413: [update({ ...whole(id, "pending"), message: LONG })],
    },
    "GET /transfer/{transferId}": {
      200: [get(`/transfer/${id}`, bearer(signature(id)))],
      304: [get(`/transfer/${id}`, { ...bearer(signature(id)), "if-none-match": "*" })],
      400: [get("/transfer/a%20b", operator)],
      401: [get(`/transfer/${id}?signature=${inQuery(signature(id, WRONG))}`)],
      404: [get("/transfer/unheard-of", operator)],
    },
    "DELETE /transfer/{transferId}": {
      204: [update(whole(`${id}-d`, "pending")), remove(`${id}-d`, operator)],
      400: [remove("a%20b", operator)],
      401: [remove(id, stranger)],
      404: [remove("unheard-of", operator)],
    },
    "GET /transfer/{transferId}/timeline": {
      200: [report("/create", `${id}-t`, "IN_FLIGHT"), get(`/transfer/${id}-t/timeline`, operator)],
      400: [get("/transfer/a%20b/timeline", operator)],
      401: [get(`/transfer/${id}/timeline`, stranger)],
      404: [get("/transfer/unheard-of/timeline", operator)],
    },
    "GET /transfer/{transferId}/record": {
      200: [get(`/transfer/${id}/record`, operator)],
      400: [get("/transfer/a%20b/record", operator)],
      401: [get(`/transfer/${id}/record`, stranger)],
      404: [get("/transfer/unheard-of/record", operator)],
    },
    "GET /ws/{transferId}": { 426: [get(`/ws/${id}`)] },
    "POST /scan": {
      200: [post("/scan", { transferId: id, scanned: true }, bearer(signature(id)))],
      400: [post("/scan", { transferId: id }, bearer(signature(id)))],
      401: [post("/scan", { transferId: id, scanned: true }, bearer(signature(id, WRONG)))],
      413: [post("/scan", { transferId: id, scanned: true, more: LONG }, bearer(signature(id)))],
    },
    "GET /recent": {
      200: [
        update(whole(newId(), "failed")),
        report("/update", newId(), "SETTLED"),
        get("/recent?limit=1", operator),
        get("/recent", operator),
        get("/recent?customerId=customer-3&from=2024-01-15T10:30:00Z&to=9999-12-31T23:59:59Z", operator),
      ],
      400: [
        get("/recent?limit=0", operator),
        get("/recent?from=yesterday", operator),
        get("/recent?from=2024-01-15T10:30:00Z&to=2024-01-15T10:30:00Z", operator),
      ],
      401: [get("/recent", stranger)],
    },
    "GET /dashboard": {
      200: [get("/dashboard", operator)],
      401: [get("/dashboard"), get("/dashboard", stranger)],
    },
    "POST /dashboard/session": {
      204: [post("/dashboard/session", { token: admin })],
      400: [post("/dashboard/session", {})],
      401: [post("/dashboard/session", { token: WRONG })],
      413: [post("/dashboard/session", { token: LONG })],
    },
    "DELETE /dashboard/session": { 204: [{ method: "DELETE", path: "/dashboard/session", headers: {} }] },
    "GET /dashboard/stats": {
      200: [get("/dashboard/stats", operator), get("/dashboard/stats?merchantId=merchant-7", operator)],
      400: [get("/dashboard/stats?to=tomorrow", operator)],
      401: [get("/dashboard/stats", stranger)],
    },
    "GET /dashboard/feed": { 426: [get("/dashboard/feed?shard=0", operator)] },
    "GET /healthz": {
      200: [get("/healthz"), get("/healthz?deep=1", operator)],
      401: [get("/healthz?deep=1"), get("/healthz?deep=1", stranger)],
    },
    "POST /create": {
      200: [report("/create", `${id}-e`, "PENDING")],
      400: [report("/create", `${id}-e`, "REFUNDED")],
      401: [report("/create", `${id}-e`, "PAID", WRONG)],
      409: [report("/create", `${id}-e`, "PAID"), report("/create", `${id}-e`, "FAILED")],
      413: [post("/create", { token: LONG })],
    },
    "GET /status": {
      200: [get(`/status?id=${id}-e&token=${inQuery(signature(id))}`)],
      400: [get(`/status?token=${inQuery(signature(id))}`)],
      401: [get(`/status?id=${id}&token=${inQuery(signature(id, WRONG))}`)],
    },
    "GET /transfers": {
      200: [get(`/transfers?limit=200&token=${inQuery(signature(id))}`)],
      400: [get(`/transfers?limit=many&token=${inQuery(signature(id))}`)],
      401: [get(`/transfers?token=${inQuery(signature(id, WRONG))}`)],
    },
    "GET /transfers/{transferId}/ws": { 426: [get(`/transfers/${id}/ws`)] },
    "POST /unscan": {
      200: [post("/unscan", { id })],
      400: [post("/unscan", {})],
      401: [post("/unscan", { transferId: id, scanned: false })],
      413: [post("/unscan", { id, more: LONG })],
    },
  };
};
