// SPDX-License-Identifier: MIT
// The main job over plain WebSockets, the same code in Node.js (with npm's `ws`) and in a browser page.
// flow(WebSocket, agent, edge, workspace, say): agent = {url, name} serves; edge = {url, name, id} is connected to.

const MANY = 1000;

function check(truth, what) {
  if (!truth) throw new Error(typeof what === 'string' ? what : JSON.stringify(what));
}

export class Client {
  static connect(WebSocket, url) {
    const client = new Client();
    client.socket = new WebSocket(url, ['askr.v1.json']);
    client.socket.onmessage = (message) => client.hear(JSON.parse(message.data));
    client.closed = new Promise((resolve) => { client.socket.onclose = (event) => resolve(event.code); });
    return new Promise((resolve, reject) => {
      client.socket.onopen = () => resolve(client);
      client.socket.onerror = () => reject(new Error(`no WebSocket at ${url}`));
    });
  }

  mids = 0;
  waiting = new Map();
  order = [];
  events = [];
  serving = new Map();
  heard = () => {};

  hear(said) {
    if ('command' in said) {
      this.tell({ mid: said.mid, ...this.serving.get(said.command)(said.data) });
    } else if ('payload' in said) {
      this.events.push(said);
      this.heard();
    } else {
      this.order.push(said.mid);
      const answer = this.waiting.get(said.mid);
      check(this.waiting.delete(said.mid), `nobody waits for ${JSON.stringify(said)}`);
      answer(said);
    }
  }

  tell(message) {
    this.socket.send(JSON.stringify(message));
  }

  ask(message) {
    const mid = message.mid ?? `b${++this.mids}`;
    return new Promise((resolve) => {
      this.waiting.set(mid, resolve);
      this.tell({ mid, ...message });
    });
  }

  async value(message) {
    const said = await this.ask(message);
    check('value' in said, said);
    return said.value;
  }

  async nextEvents(count) {
    while (this.events.length < count) await new Promise((resolve) => { this.heard = resolve; });
    return this.events.splice(0, count);
  }

  async untilListed(node, what, name) {
    for (let i = 0; i < 500; ++i) {
      const rows = await this.value({ command: 'askr.nodes' });
      if (rows.some((row) => row.name === node.name && row[what].includes(name))) return;
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
    throw new Error(`${node.name} is not known with ${name} in its ${what}`);
  }

  async close() {
    this.socket.close(1000);
    const code = await this.closed;
    check(code === 1000, `closed with ${code}`);
  }
}

async function theOriginalFlow(client, agent, edge, workspace) {
  const welcome = await client.ask({ type: 'hello' });
  check(welcome.type === 'welcome' && welcome.node.id === edge.id && welcome.workspace === workspace, welcome);
  const time = await client.value({ workspace, command: 'fetch', data: {} });
  check(Number.isInteger(time) && time > 1.6e12, `fetch gave ${time}`);
  check(await client.value({ type: 'subscription', eventType: 'FETCHED_TIME' }) === true, 'subscription');
  await client.value({ workspace, command: 'start', data: {} });
  const heard = await client.nextEvents(5);
  await client.value({ workspace, command: 'stop', data: {} });
  heard.forEach((each, i) => {
    check(each.type === 'FETCHED_TIME' && each.from === agent.name && Number.isInteger(each.payload), each);
    check(each.seq === heard[0].seq + i, `event ${each.seq} after ${heard[0].seq}`);
  });
  check(await client.value({ type: 'unsubscription', eventType: 'FETCHED_TIME' }) === true, 'unsubscription');
  client.events.length = 0;  // A slow client hears a sixth before its stop has gone round.
  const refused = await client.ask({ command: 'nobody', data: 1 });
  check(refused.code === 'no_handler' && refused.error === "Command's callback for nobody not found", refused);
}

async function state(client, agent) {
  const value = { text: 'höhö', list: [1, 2.5, null, true] };
  await client.value({ command: 'STATE_SET', to: agent.name, data: { key: 'js', value } });
  const read = await client.value({ command: 'STATE_REQUEST', to: agent.name, data: { key: 'js' } });
  check(JSON.stringify(read) === JSON.stringify(value), read);
}

async function many(client, service, agent, edge) {
  service.serving.set('js.same', (data) => ({ value: data }));
  check(await service.value({ type: 'serve', command: 'js.same' }) === true, 'serve');
  await client.untilListed(agent, 'commands', 'js.same');
  client.order.length = 0;
  const mids = Array.from({ length: MANY }, (_, i) => `many${i}`);
  const values = await Promise.all(mids.map((mid, i) => client.value({ mid, command: 'js.same', data: { i } })));
  check(values.every((value, i) => value.i === i), 'a command got the answer of another');
  check(client.order.every((mid, i) => mid === mids[i]) && client.order.length === MANY, 'answers out of order');

  check(await client.value({ type: 'subscription', eventType: 'js.many' }) === true, 'subscription');
  await service.untilListed(edge, 'topics', 'js.many');
  for (let i = 0; i < MANY; ++i) service.tell({ type: 'js.many', payload: i });
  const heard = await client.nextEvents(MANY);
  heard.forEach((each, i) => check(each.payload === i && each.seq === heard[0].seq + i, each));
}

export async function flow(WebSocket, agent, edge, workspace, say) {
  const client = await Client.connect(WebSocket, edge.url);
  const service = await Client.connect(WebSocket, agent.url);
  await theOriginalFlow(client, agent, edge, workspace);
  say('fetch, start, 5 events, stop, a command that nobody serves: as they should be');
  await state(client, agent);
  await many(client, service, agent, edge);
  say(`${MANY} commands and ${MANY} events, all matched, in order`);
  await service.close();
  await client.close();
}
