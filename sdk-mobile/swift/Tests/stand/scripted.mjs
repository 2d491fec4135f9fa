// A service that answers as a test says: sockets and polls of each transfer by its script.
//
// A script is {"socket": …, "poll": …}; each of both is {"status": 404, "headers": {}, "body": ""}, {"hang": true} or
// {"reset": true}, and a socket that opens is {"frames": ["…"], "close": 4410}.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;
const NONE = { socket: { frames: [] }, poll: { status: 503, body: "" } };

/** An unmasked frame in one piece. */
function frame(opcode, payload) {
  const { length } = payload;
  let head;
  if (length < 126) head = Buffer.from([0x80 | opcode, length]);
  else if (length < 65_536) head = Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

function closing(code) {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload);
}

/** The last part of a path, which names the transfer. */
const named = (request) => decodeURIComponent(new URL(request.url, "http://any").pathname.split("/").at(-1));

export class Scripted {
  #http;
  #scheme;
  #rooms = new Map();
  /** Also those that hang. */
  #upgraded = new Set();

  static async start(tls) {
    const scripted = new Scripted();
    // Made with openssl for these tests alone, and trusted by nobody else.
    const read = (name) => readFileSync(new URL(name, import.meta.url));
    const answer = (request, response) => scripted.#poll(request, response);
    scripted.#http = tls
      ? createTlsServer({ key: read("localhost.key.pem"), cert: read("localhost.pem") }, answer)
      : createServer(answer);
    scripted.#scheme = tls ? "https" : "http";
    scripted.#http.on("upgrade", (request, stream) => scripted.#upgrade(request, stream));
    scripted.#http.listen(0, "127.0.0.1");
    await once(scripted.#http, "listening");
    return scripted;
  }

  get url() {
    return `${this.#scheme}://127.0.0.1:${this.#http.address().port}`;
  }

  /** From the next attempt on. */
  script(id, { socket, poll }) {
    const room = this.#room(id);
    if (socket) room.socket = socket;
    if (poll) room.poll = poll;
  }

  send(id, text) {
    for (const stream of this.#room(id).streams) stream.write(frame(TEXT, Buffer.from(text)));
  }

  /** Many at once. */
  flood(id, texts) {
    const frames = Buffer.concat(texts.map((text) => frame(TEXT, Buffer.from(text))));
    for (const stream of this.#room(id).streams) stream.write(frames);
  }

  /** Closes the open sockets with a code; breaks them off where there is none. */
  hangUp(id, code) {
    for (const stream of this.#room(id).streams) {
      if (code) stream.end(closing(code));
      else stream.destroy();
    }
  }

  /** What clients did so far. */
  seen(id) {
    const { dials, polls, signatures, streams, hanging } = this.#room(id);
    return { dials, polls, signatures, open: streams.size, hanging: hanging.size };
  }

  async stop() {
    for (const stream of this.#upgraded) stream.destroy();
    this.#http.closeAllConnections();
    await new Promise((done) => this.#http.close(done));
  }

  #room(id) {
    if (!this.#rooms.has(id)) {
      const sockets = { streams: new Set(), hanging: new Set() };
      this.#rooms.set(id, { ...NONE, dials: 0, polls: 0, signatures: [], ...sockets });
    }
    return this.#rooms.get(id);
  }

  #poll(request, response) {
    const room = this.#room(named(request));
    room.polls += 1;
    const { status, headers = {}, body = "", hang, reset } = room.poll;
    if (reset) request.socket.destroy();
    else if (!hang) response.writeHead(status, headers).end(body);
  }

  #upgrade(request, stream) {
    const room = this.#room(named(request));
    room.dials += 1;
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(", ");
    const signature = offered.find((word) => word.startsWith("signature."))?.slice("signature.".length);
    room.signatures.push(Buffer.from(signature ?? "", "base64url").toString());
    stream.on("error", () => {});
    this.#upgraded.add(stream);
    stream.on("close", () => this.#upgraded.delete(stream));
    const { status, headers = {}, body = "", hang, reset, frames = [], close } = room.socket;
    if (hang) {
      room.hanging.add(stream);
      stream.on("close", () => room.hanging.delete(stream));
      // It reads on, to learn when the client gives up.
      stream.on("end", () => stream.end());
      stream.resume();
      return;
    }
    if (reset) {
      stream.destroy();
      return;
    }
    if (status) {
      const lines = Object.entries({ "content-length": Buffer.byteLength(body), connection: "close", ...headers });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      stream.end(`HTTP/1.1 ${status} Scripted\r\n${head}\r\n${body}`);
      return;
    }
    const accept = createHash("sha1")
      .update(request.headers["sec-websocket-key"] + GUID)
      .digest("base64");
    stream.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: transfer-status.v1\r\n\r\n`,
    );
    room.streams.add(stream);
    stream.on("close", () => room.streams.delete(stream));
    stream.on("data", (data) => this.#hear(stream, data));
    for (const text of frames) stream.write(frame(TEXT, Buffer.from(text)));
    if (close) stream.end(closing(close));
  }

  /** A client's ping is answered, its close too. Its frames are small and come in one piece. */
  #hear(stream, data) {
    const opcode = data[0] & 15;
    if (opcode == CLOSE) {
      stream.end(closing(1000));
      return;
    }
    const length = data[1] & 127;
    const mask = data.subarray(2, 6);
    const text = Buffer.from(data.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4])).toString();
    if (opcode == TEXT && text == '{"type":"ping"}') stream.write(frame(TEXT, Buffer.from('{"type":"pong"}')));
  }
}
