// Drives headless Chromium for the tests (chromium.py): one JSON command a line on standard input, one answer a line.
//   CHROMIUM  path of the browser
// Each command has a browser context of its own: no cookie and no page is left from the one before.
import readline from 'node:readline';
import { chromium } from 'playwright-core';
import * as swagger from './swagger.mjs';
import * as pages from './pages.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost', // nothing is loaded from elsewhere
];
const PATIENCE = 30_000; // milliseconds; a loaded machine is slow

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: FLAGS });
const commands = { ...swagger, ...pages };

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, scripts = true, ...options } = JSON.parse(line);
  const context = await browser.newContext({ javaScriptEnabled: scripts, viewport: { width: 1000, height: 720 } });
  context.setDefaultTimeout(PATIENCE);
  const elsewhere = new Set();
  context.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && !['127.0.0.1', 'localhost'].includes(hostname)) elsewhere.add(hostname);
  });
  try {
    const answer = await commands[command](context, options);
    console.log(JSON.stringify({ ...answer, elsewhere: [...elsewhere] }));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error.stack ?? error) }));
  } finally {
    await context.close();
  }
}
await browser.close();
