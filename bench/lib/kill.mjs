// Kills a server under writes and looks for every write that it acknowledged.
import { Agent, request } from 'node:http';
import { start } from './servers.mjs';

const CONNECTIONS = 64;
const WRITE_MS = 1500;
const CREATED = 201;

// Answers how many acknowledged writes were found again; throws if one is missing.
export async function checkKill(server) {
  const first = await start(server, '');
  const acknowledged = [];
  let over = false;
  let id = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const write = async () => {
    while (!over) {
      const own = id += 1;
      // The requests on their way when the server dies fail.
      const status = await post(agent, `${first.url}/write`, { id: own }).catch(() => 0);
      if (status === CREATED) {
        acknowledged.push(own);
      }
    }
  };
  const writers = Array.from({ length: CONNECTIONS }, write);
  await new Promise(resolve => { setTimeout(resolve, WRITE_MS); });
  await first.kill();
  over = true;
  await Promise.all(writers);
  agent.destroy();
  const second = await start(server, '', first.folder);
  try {
    const found = new Set(await (await fetch(`${second.url}/write/ids`)).json());
    const missing = acknowledged.filter(one => !found.has(one));
    if (missing.length > 0 || acknowledged.length === 0) {
      throw new Error(`${server.name}: ${missing.length} of ${acknowledged.length} acknowledged `
        + 'writes are missing after it was killed');
    }
    return acknowledged.length;
  } finally {
    await second.stop();
  }
}

function post(agent, url, document) {
  const text = JSON.stringify(document);
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': text.length }
    }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
