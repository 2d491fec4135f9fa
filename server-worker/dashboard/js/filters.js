// What the viewer asks to see, as the address says it: `?status=failed&customerId=c_1&from=…#/t/tr_1`.
import { STATUSES } from "./status.js";

const ID = /^[A-Za-z0-9._~:-]{1,128}$/;
const LONGEST = 128;

/** No filter at all. */
export const NO_FILTERS = Object.freeze({
  status: "",
  merchantId: "",
  customerId: "",
  from: "",
  to: "",
  delivery: "",
  search: "",
});

/** Whether `text` can be a transfer id at all. */
export function isTransferId(text) {
  return ID.test(text) && text !== "." && text !== "..";
}

/**
 * The filters in the address. `search` is looked for among the loaded ids, `delivery` (`"failing"`) is asked of each of
 * them; all others go to the server. `from` and `to` are instants, so that an address means the same transfers in every
 * time zone.
 */
export function readFilters({ search }) {
  const query = new URLSearchParams(search);
  const status = query.get("status") ?? "";
  const [from, to] = [instantOf(query.get("from")), instantOf(query.get("to"))];
  return {
    status: STATUSES.includes(status) ? status : "",
    merchantId: (query.get("merchantId") ?? "").slice(0, LONGEST),
    customerId: (query.get("customerId") ?? "").slice(0, LONGEST),
    // A time that ends before it begins is none.
    ...(from && to && from >= to ? { from: "", to: "" } : { from, to }),
    delivery: query.get("delivery") === "failing" ? "failing" : "",
    search: (query.get("id") ?? "").slice(0, LONGEST),
  };
}

/** The address of these filters, without the part behind `#`. */
export function addressOf({ search, delivery, ...filters }) {
  const query = serverQuery(filters);
  if (delivery) query.set("delivery", delivery);
  if (search) query.set("id", search);
  const text = query.toString();
  return text === "" ? "/dashboard" : `/dashboard?${text}`;
}

/** What the server is asked with, of the list and of the counts. */
export function serverQuery(filters) {
  const query = new URLSearchParams();
  for (const name of ["status", "merchantId", "customerId", "from", "to"]) {
    if (filters[name]) query.set(name, filters[name]);
  }
  return query;
}

/** Whether both ask the server for the same transfers. */
export function isSameQuestion(a, b) {
  return String(serverQuery(a)) === String(serverQuery(b));
}

/** Whether a transfer is one of those that the server would list. Times are compared as the server writes them. */
export function admits({ status, merchantId, customerId, from, to }, transfer) {
  return (
    (!status || transfer.status === status) &&
    (!merchantId || transfer.merchantId === merchantId) &&
    (!customerId || transfer.customerId === customerId) &&
    (!from || transfer.updatedAt >= from) &&
    (!to || transfer.updatedAt < to)
  );
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

function instantOf(text) {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) || at < 0 || at > 253_402_300_799_999 ? "" : new Date(at).toISOString();
}
