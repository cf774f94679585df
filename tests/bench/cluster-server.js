// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// The server of bench-cluster. Its primary branch makes WORKERS workers with the schedule SCHEDULE and says
// "ready" when all of them listen, each in a session of its own; under another primary it is a worker. MAX: connections a worker takes.
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');

if (cluster.isPrimary) {
  let missing = Number(process.env.WORKERS);
  cluster.schedulingPolicy = process.env.SCHEDULE === 'shared' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  cluster.on('listening', () => { if (--missing === 0) console.log('ready'); });
  cluster.setupPrimary({ execArgv: [process.execPath] });
  process.execPath = 'setsid'; // what fork () runs
  for (let i = missing; i > 0; i--) cluster.fork();
  process.stdin.on('end', () => process.exit()).resume();
} else {
  const server = http.createServer((request, response) => response.end('hello world\n'));
  if (process.env.MAX) server.maxConnections = Number(process.env.MAX);
  server.listen(Number(process.env.PORT), '127.0.0.1');
}
