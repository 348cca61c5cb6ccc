// SPDX-License-Identifier: MIT
// `node flow_node.js MESH`: the flow with npm's `ws`; MESH is the JSON that flow_ws.py makes.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { flow } from './flow.js';

const require = createRequire(`${process.cwd()}/`);  // The packages lie where the test was installed to, not beside it.
const { WebSocket } = require('ws');
const { agent, edge, workspace } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(`ws ${require('ws/package.json').version}, Node.js ${process.version}`);
await flow(WebSocket, agent, edge, workspace, console.log);
