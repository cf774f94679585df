// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// A worker that forks: the grandchild has a channel of its own, to its parent, and is nobody's cluster worker.
'use strict';
const { fork } = require('node:child_process');
const cluster = require('node:cluster');
const http = require('node:http');

if (process.argv[2] === 'grandchild') {
  process.on('message', (message) => {
    process.send({ heard: message, worker: cluster.isWorker, id: process.env.NODE_UNIQUE_ID ?? null });
    process.disconnect();
  });
} else {
  http.createServer().listen(0, '127.0.0.1', () => {
    const child = fork(__filename, ['grandchild']);
    child.on('message', (message) => process.send(message));
    child.send('hello');
  });
}
