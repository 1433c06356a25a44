// An AMP client in Node, written from doc/reference/amp.rst; standard library only.
//
//     node client.js unix:PATH
//     node client.js tcp:HOST:PORT ROLE SECRET
//
// Schedules, waits, sends a body of 1 MiB, meets an error; prints what it got as JSON.
"use strict";

const crypto = require("node:crypto");
const net = require("node:net");

class Connection {
  constructor(socket) {
    this.socket = socket;
    this.pending = new Map();
    this.nextTag = 1;
    this.buffer = Buffer.alloc(0);
    socket.on("data", (data) => this.receive(data));
    socket.on("close", () => {
      for (const { reject } of this.pending.values()) reject(new Error("connection lost"));
    });
  }

  call(command, args = {}) {
    const tag = String(this.nextTag++);
    const parts = [];
    for (const [key, value] of Object.entries({ _command: command, _ask: tag, ...args })) {
      parts.push(lengthOf(Buffer.from(key)), lengthOf(encoded(value)));
    }
    parts.push(Buffer.from([0, 0]));
    this.socket.write(Buffer.concat(parts));
    return new Promise((resolve, reject) => this.pending.set(tag, { resolve, reject }));
  }

  receive(data) {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const found = readBox(this.buffer);
      if (!found) return;
      this.buffer = this.buffer.subarray(found.end);
      this.dispatch(found.box);
    }
  }

  dispatch(box) {
    const tag = String(box._answer ?? box._error);
    const waiting = this.pending.get(tag);
    if (!waiting) return;
    this.pending.delete(tag);
    if (box._error === undefined) {
      waiting.resolve(box);
    } else {
      const error = new Error(String(box._error_description));
      error.code = String(box._error_code);
      waiting.reject(error);
    }
  }
}

function encoded(value) {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === "object" ? JSON.stringify(value) : String(value));
}

function lengthOf(bytes) {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function readBox(buffer) {
  const box = {};
  let position = 0;
  const string = () => {
    if (buffer.length < position + 2) return null;
    const length = buffer.readUInt16BE(position);
    if (buffer.length < position + 2 + length) return null;
    const found = buffer.subarray(position + 2, position + 2 + length);
    position += 2 + length;
    return found;
  };
  for (;;) {
    const key = string();
    if (key === null) return null;
    if (key.length === 0) return { box, end: position };
    const value = string();
    if (value === null) return null;
    box[key.toString()] = value;
  }
}

function proof(secret, who, role, nonces) {
  const message = Buffer.concat([Buffer.from(`jobqueue-amp-1\0${who}\0${role}\0`), ...nonces]);
  return crypto.createHmac("sha256", secret).update(message).digest();
}

async function shakeHands(engine, role, secret) {
  const own = crypto.randomBytes(32);
  const challenge = await engine.call("Challenge", { role, nonce: own });
  const nonces = [own, challenge.nonce];
  if (!proof(secret, "engine", role, nonces).equals(challenge.proof)) {
    throw new Error("the engine does not know the secret");
  }
  await engine.call("Prove", { proof: proof(secret, "client", role, nonces) });
}

async function wholeBody(engine, answer) {
  const run = JSON.parse(answer.run);
  const result = JSON.parse(answer.result);
  let body = answer.body;
  while (body.length < result.size) {
    const args = { run: run.id, attempt: result.attempt, offset: body.length };
    body = Buffer.concat([body, (await engine.call("Body", args)).data]);
  }
  return body;
}

async function scheduleAndWait(engine, args) {
  const { id } = JSON.parse((await engine.call("Schedule", args)).job);
  return engine.call("Wait", { job: id, timeout: "20s" });
}

async function main(address, role, secret) {
  const [kind, ...where] = address.split(":");
  const socket = net.connect(kind === "unix" ? { path: where[0] } : { host: where[0], port: where[1] });
  const engine = new Connection(socket);
  if (kind === "tcp") await shakeHands(engine, role, secret);

  const hello = await scheduleAndWait(engine, {
    target: "/hello", method: "POST", data: { name: "Zoë" }, user: "alice",
  });
  const large = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  const uploads = [];
  for (let start = 0; start < large.length; start += 60000) {
    uploads.push(engine.call("Upload", { upload: 1, data: large.subarray(start, start + 60000) }));
  }
  await Promise.all(uploads);
  const echoed = await scheduleAndWait(engine, { target: "/echo", method: "PUT", upload: 1 });
  const body = await wholeBody(engine, echoed);

  let failure = null;
  try {
    await engine.call("Schedule", { target: "/x", at: "teatimes" });
  } catch (error) {
    failure = { code: error.code, sentence: error.message };
  }
  const many = await engine.call("ScheduleMany", {
    jobs: [{ target: "/1" }, { target: "nowhere" }], defaults: { after: "1h" },
  });
  socket.end();
  console.log(JSON.stringify({
    status: JSON.parse(hello.result).status,
    text: hello.body.toString(),
    echoed: crypto.createHash("sha256").update(body).digest("hex"),
    sent: crypto.createHash("sha256").update(large).digest("hex"),
    failure,
    many: JSON.parse(many.answers).map((one) => (typeof one === "string" ? "id" : one.error)),
  }));
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
