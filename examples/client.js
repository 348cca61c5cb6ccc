// SPDX-License-Identifier: MIT
// node-askr's client.js over a plain WebSocket, without a library: asks for the time, then hears it three times.
// Runs in browsers, and in Node.js: node client.js [ws://host:port]   (Node.js below 22 needs `npm install ws`)
"use strict";

async function connect(url) {
  const WebSocketClass = globalThis.WebSocket ?? require("ws");
  const socket = new WebSocketClass(url);
  const pending = new Map(); // mid -> the two ends of a promise
  const listeners = new Map(); // topic -> function
  let lastMid = 0;

  const ask = (message) =>
    new Promise((resolve, reject) => {
      const mid = String(++lastMid);
      pending.set(mid, { resolve, reject });
      socket.send(JSON.stringify({ ...message, mid }));
    });

  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const asked = pending.get(message.mid);
    if (asked) {
      pending.delete(message.mid);
      if ("error" in message) asked.reject(new Error(`${message.code}: ${message.error}`));
      else asked.resolve(message.value);
    } else if ("payload" in message) {
      listeners.get(message.type)?.(message.payload);
    }
  };

  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`no node at ${url}`));
  });
  socket.onclose = () => {
    for (const { reject } of pending.values()) reject(new Error("peer_lost: the connection was closed"));
  };

  return {
    send: (command, data = {}) => ask({ command, data }),
    listen: (topic, listener) => {
      listeners.set(topic, listener);
      return ask({ type: "subscription", eventType: topic });
    },
    close: () => socket.close(),
  };
}

async function main(url, print) {
  const client = await connect(url);
  print(`fetch: ${await client.send("fetch")}`);
  const threeTimes = new Promise((resolve) => {
    let heard = 0;
    client
      .listen("FETCHED_TIME", (time) => {
        print(`FETCHED_TIME ${time}`);
        if (++heard === 3) resolve();
      })
      .then(() => client.send("start"));
  });
  await threeTimes;
  await client.send("stop");
  client.close();
}

if (typeof process !== "undefined" && typeof module !== "undefined") {
  main(process.argv[2] ?? "ws://127.0.0.1:8800", console.log).catch((why) => {
    console.error(why.message);
    process.exitCode = 1;
  });
} else {
  main(new URLSearchParams(location.search).get("url") ?? "ws://127.0.0.1:8800", (line) =>
    document.body.append(line, document.createElement("br")),
  ).catch((why) => document.body.append(why.message));
}
