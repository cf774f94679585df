// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// One worker of an http server. argv: listen arguments as JSON, then options as JSON.
'use strict';
const http = require('node:http');
const cluster = require('node:cluster');

const [where, options] = process.argv.slice(2).map((text) => JSON.parse(text));
const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://x');
  const reply = () => response.end(`${cluster.worker.id} ${process.pid}`);
  if (url.pathname === '/slow') setTimeout(reply, Number(url.searchParams.get('ms')));
  else if (url.pathname === '/big') response.end(Buffer.alloc(30000000, 'b'));
  else reply();
});
if (options?.maxConnections) server.maxConnections = options.maxConnections;
if (options?.timer) setInterval(() => {}, 1000);
server.on('error', (error) => process.send({ error: error.code, syscall: error.syscall, errno: error.errno }));
server.on('listening', () => process.send({ address: server.address() }));
server.listen(...where);
process.on('message', (message) => {
  if (message === 'close') server.close(() => process.send('closed'));
  else if (message === 'again') server.listen(...where);
  else if (message === 'disconnect') cluster.worker.disconnect();
  else if (message === 'kill') cluster.worker.kill();
  else if (message === 'process.disconnect') process.disconnect();
  else if (message === 'exit 7') process.exit(7);
  else if (message === 'throw') throw new Error('on purpose');
  else process.send({ echo: message });
});
