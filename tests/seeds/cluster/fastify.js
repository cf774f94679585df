// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const cluster = require('node:cluster');
const { availableParallelism } = require('node:os');

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
  cluster.on('exit', () => cluster.fork());
} else {
  const app = require('fastify')({ logger: false });
  app.get('/', async () => ({ pid: process.pid }));
  app.listen({ port: 8000, host: '127.0.0.1' });
}
