/**
 * The bank of the demo: a person moves the newest payment by hand. For demonstrations only, `DEMO_BANK=on`: whoever sees
 * the page can pay.
 */
import { publish, PublishError } from "@transfer-status/client/server";

/** What a bank might say. */
const said = {
  pending: "Waiting for the customer",
  processing: "The money is on its way",
  completed: "The money has arrived",
  failed: "The bank declined the payment",
  cancelled: "The customer cancelled",
};

/** The routes of the demo bank, which signs with the service's `HMAC_SECRET`. */
export const bank = ({ service, secret, merchantId, orders, readBody, noOrder }) => ({
  "GET /demo/payment": async () => (orders.newest ? { id: orders.newest, ...orders.get(orders.newest) } : null),
  "POST /demo/payment/:id": async (request, transferId) => {
    const order = orders.get(transferId);
    if (!order) throw noOrder();
    const { status } = await readBody(request);
    const update = { transferId, status, amount: order.amount, merchantId, message: said[status] };
    try {
      return await publish({ url: service, secret }, update);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      if (error.transfer) throw Object.assign(error, { status: 409, body: error.transfer });
      throw Object.assign(error, { status: 502, body: error.message });
    }
  },
});
