// What the viewer asks to see, as the address says it: `?status=failed&merchantId=shop_1&id=tr_#/t/tr_1`.
import { STATUSES } from "./status.js";

const ID = /^[A-Za-z0-9._~:-]{1,128}$/;

/** Whether `text` can be a transfer id at all. */
export function isTransferId(text) {
  return ID.test(text) && text !== "." && text !== "..";
}

/** The filters in the address: status and merchant go to the server, `search` is looked for among the loaded ids. */
export function readFilters({ search }) {
  const query = new URLSearchParams(search);
  const status = query.get("status") ?? "";
  return {
    status: STATUSES.includes(status) ? status : "",
    merchantId: (query.get("merchantId") ?? "").slice(0, 128),
    search: (query.get("id") ?? "").slice(0, 128),
  };
}

/** The address of these filters, without the part behind `#`. */
export function addressOf({ status, merchantId, search }) {
  const query = new URLSearchParams();
  if (status) query.set("status", status);
  if (merchantId) query.set("merchantId", merchantId);
  if (search) query.set("id", search);
  const text = query.toString();
  return text === "" ? "/dashboard" : `/dashboard?${text}`;
}

/** The transfer that the address opens; null for none. It may be no valid id. */
export function openTransfer({ hash }) {
  if (!hash.startsWith("#/t/")) return null;
  try {
    return decodeURIComponent(hash.slice(4)).slice(0, 256);
  } catch {
    return hash.slice(4, 260);
  }
}

/** The part of an address that opens the transfer `id`. */
export function hashOf(id) {
  return `#/t/${encodeURIComponent(id)}`;
}
