// SPDX-License-Identifier: MIT-0
// Worker threads that talk to each other: with `link=` in the project file, or `troupectl link A B`,
// Troupe makes a MessageChannel and hands each of the two threads one port of it.
// {"to": "relay.2", "text": "hello"} sends over a link.
import { parentPort } from 'node:worker_threads';

const ports = new Map(); // the other thread's name → the port to it

parentPort.on('message', (message) => {
  if (message?.type === 'troupe:link') {
    const { name, port } = message;

    ports.set(name, port);
    port.on('message', (text) => parentPort.postMessage({ from: name, text }));
    port.on('close', () => ports.delete(name)); // the other thread has ended, or the link was taken away
    return;
  }

  const port = ports.get(message?.to);

  if (port === undefined) parentPort.postMessage({ error: `no link to ${message?.to}`, links: [...ports.keys()] });
  else port.postMessage(message.text);
});
