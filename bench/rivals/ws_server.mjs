// SPDX-License-Identifier: MIT
// npm's ws as a server of the workloads `ws` and `fanout`: the same texts as an askr node reads and writes.
import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false,
  skipUTF8Validation: true, clientTracking: false });
const listeners = [];

// Framed once for all: what ws's own broadcast of one Buffer does not spare it is the header, and that is small.
function emit(data) {
  const text = Buffer.from(JSON.stringify({ type: "bench.event", payload: data }));
  for (const each of listeners) each.send(text, { binary: false });
}

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (bytes) => {
    const message = JSON.parse(bytes);
    if (message.command === "bench.echo") {
      socket.send(JSON.stringify({ mid: message.mid, value: message.data }));
      return;
    }
    if (message.command === "bench.emit") emit(message.data);
    else listeners.push(socket);
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ mid: message.mid, value: true }));
  });
});
server.on("listening", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
