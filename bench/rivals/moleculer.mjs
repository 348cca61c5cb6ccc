// SPDX-License-Identifier: MIT
// moleculer in the roles of an adapter (adapter.hpp): `moleculer.mjs rpc|server|events|subscriber --pin P ...`. It has no
// address to bind to, so askr-bench starts it in a network namespace of its own. Nodes know each other by a list of
// addresses: its TCP transporter without discovery by UDP.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import process from "node:process";
import moleculer from "moleculer";

const [role, ...rest] = process.argv.slice(2);
const given = new Map();
for (let at = 0; at + 1 < rest.length; at += 2) given.set(rest[at].slice(2), Number(rest[at + 1]));
const pin = given.get("pin") ?? -1;
const firstPort = 4100;
const heardEvery = 256;
const batch = 64;

const now = () => process.hrtime.bigint();
const say = (line) => process.stdout.write(`${line}\n`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function start(number, schema, nodes) {
  const urls = Array.from({ length: nodes }, (_, each) => `tcp://127.0.0.1:${firstPort + each}/node-${each}`);
  const broker = new moleculer.ServiceBroker({
    nodeID: `node-${number}`, logger: false, metrics: false, tracing: false, registry: { preferLocal: false },
    transporter: { type: "TCP", options: { udpDiscovery: false, port: firstPort + number, urls, maxPacketSize: 64 << 20 } },
  });
  if (schema) broker.createService(schema);
  await broker.start();
  return broker;
}

function pinTo(pid, cpu) {
  if (pin >= 0) execFileSync("taskset", ["-a", "-cp", String(cpu), String(pid)], { stdio: "ignore" });
}

function startChild(childRole, extra) {
  const child = spawn(process.execPath, [process.argv[1], childRole, ...extra], { stdio: ["pipe", "pipe", "inherit"] });
  pinTo(child.pid, pin);
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise((done) => lines.once("line", done));
  return { child, lines, ready };
}

// User + system time of another process in us, from its CPU clock's file: to the tick of 10 ms.
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
function cpuOfAll(children) {
  const own = process.cpuUsage();
  return own.user + own.system + children.reduce((sum, each) => sum + cpuOf(each.child.pid), 0);
}

// As histogram.hpp has it: every power of two has 128 buckets.
function bucketOf(ns) {
  if (ns < 256) return ns;
  const shift = Math.floor(Math.log2(ns)) - 7;
  return shift * 128 + Math.floor(ns / 2 ** shift);
}

// The closed loop of load.cpp.
async function runLoad(broker, children, words) {
  const [payloadBytes, inFlight, warmUp, length] = words.map(Number);
  const filler = "a".repeat(Math.max(payloadBytes - 12, 0));
  const buckets = new Map();
  let last = 0, errors = 0, measuring = false, ended = false, first, final;
  const started = now();
  const warm = started + BigInt(warmUp), end = warm + BigInt(length);
  const meters = (at) => ({ at, cpu: cpuOfAll(children) });
  async function slot() {
    while (!ended) {
      const text = (String(++last).padStart(12, "0") + filler).slice(0, payloadBytes);
      const sent = now();
      const good = await broker.call("bench.echo", { text }).then((reply) => reply === text, () => false);
      const at = now();
      if (!good) errors += 1;
      if (ended) return;
      if (at >= end) {
        final = meters(at);
        ended = true;
      } else if (measuring) {
        const bucket = bucketOf(Number(at - sent));
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      } else if (at >= warm) {
        first = meters(at);
        measuring = true;
      }
      if (!good) return;
    }
  }
  await Promise.all(Array.from({ length: inFlight }, slot));
  const seconds = first && final ? Number(final.at - first.at) / 1e9 : 0;
  const cpu = first && final ? final.cpu - first.cpu : 0;
  const pairs = [...buckets].map(([bucket, count]) => ` ${bucket} ${count}`).join("");
  return `${errors} 0 0 ${seconds} ${cpu}${pairs}`;
}

async function requester() {
  const server = startChild("server", ["--number", "1"]);
  await server.ready;
  const broker = await start(0, null, 2);
  await broker.waitForServices("bench", 20_000);
  say("ready");
  for await (const line of createInterface({ input: process.stdin })) say(await runLoad(broker, [server], line.split(" ")));
  server.child.stdin.end();
  process.exit(0);
}

async function server() {
  await start(given.get("number"), { name: "bench", actions: { echo: (asked) => asked.params.text } }, 2);
  say("ready");
}

// The closed loop of events: each subscriber says on stdout every so many events what it has heard.
async function emitter() {
  const count = given.get("subscribers"), inFlight = given.get("in-flight");
  const filler = "z".repeat(Math.max(given.get("payload") - 12, 0));
  const heard = new Array(count).fill(0), lost = new Array(count).fill(0);
  let emitted = 0, news = () => {};
  const children = [];
  for (let each = 0; each < count; ++each) {
    children.push(startChild("subscriber", ["--number", String(each + 1), "--nodes", String(count + 1)]));
  }
  await Promise.all(children.map((child) => child.ready));
  children.forEach((child, each) => child.lines.on("line", (line) => {
    [heard[each], lost[each]] = line.split(" ").map(Number);
    news();
  }));
  const broker = await start(0, null, count + 1);
  const emit = (number) => broker.broadcast("bench.event", { text: String(number).padStart(12, "0") + filler });
  const slowest = () => Math.min(...heard);
  for (heard.fill(-1); slowest() < 0;) {
    emit(0);
    await sleep(20);
  }
  async function emitUntil(end) {
    while (now() < end) {
      const room = slowest() + inFlight - emitted;
      if (room <= 0) {
        await Promise.race([new Promise((done) => { news = done; }), sleep(200)]);
      } else {
        for (let left = Math.min(room, batch); left > 0; --left) emit(++emitted);
        await new Promise((done) => { setImmediate(done); });
      }
    }
  }
  const sum = (of) => of.reduce((a, b) => a + b, 0);
  say("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "finish") {
      for (const until = now() + 3_000_000_000n; slowest() < emitted && now() < until;) {
        for (const each of children) each.child.stdin.write("report\n");
        await sleep(20);
      }
      say(`${emitted} ${sum(lost) + heard.reduce((all, each) => all + emitted - each, 0)}`);
      continue;
    }
    const length = BigInt(line);
    await emitUntil(now() + length / 5n);
    const before = { at: now(), heard: sum(heard), cpu: cpuOfAll(children) };
    await emitUntil(before.at + length);
    const after = { at: now(), heard: sum(heard), cpu: cpuOfAll(children) };
    say(`${after.heard - before.heard} ${Number(after.at - before.at) / 1e9} ${after.cpu - before.cpu}`);
  }
  for (const each of children) each.child.stdin.end();
  process.exit(0);
}

async function subscriber() {
  let last = 0, lost = 0;
  const report = () => say(`${last} ${lost}`);
  await start(given.get("number"), { name: `listener-${given.get("number")}`, events: { "bench.event": (context) => {
    const number = Number(context.params.text.slice(0, 12));
    if (number === 0) return report();
    if (number !== last + 1) lost += number > last ? number - last - 1 : 1;
    last = Math.max(last, number);
    if (last % heardEvery === 0) report();
  } } }, given.get("nodes"));
  say("ready");
  createInterface({ input: process.stdin }).on("line", report).on("close", () => process.exit(0));
}

process.stdin.on("end", () => setTimeout(() => process.exit(0), 1000).unref());
await { rpc: requester, server, events: emitter, subscriber }[role]();
if (role === "server") process.stdin.resume().on("end", () => process.exit(0));
