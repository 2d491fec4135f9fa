// The Worker in front of yardstick.mjs and same-calls.mjs: one hop to the transfer's room, and nothing verified.
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/ws/")) {
      const id = pathname.slice("/ws/".length);
      return env.ROOMS.getByName(id).fetch(`https://room/${id}`, { headers: { upgrade: "websocket" } });
    }
    if (pathname !== "/update") return new Response();
    const body = await request.text();
    const id = JSON.parse(body).transferId;
    return env.ROOMS.getByName(id).fetch(`https://room/${id}`, { method: "POST", body });
  },
};
