// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// An ES module as a worker, with messages both ways and a grandchild that sees no channel.
import cluster from 'node:cluster';
import { execFileSync } from 'node:child_process';
import http from 'node:http';

const leaked = execFileSync(process.execPath, ['-p', 'Object.keys(process.env).filter((k) => /^NODE_(CHANNEL|UNIQUE)/.test(k)).length']);
http.createServer().listen(0, '127.0.0.1', () => {
  process.send({ worker: cluster.isWorker, leaked: Number(leaked), id: cluster.worker.id });
});
process.on('message', (message) => process.send({ echo: message }));
