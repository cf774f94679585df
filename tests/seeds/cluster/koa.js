// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const cluster = require('node:cluster');
const { availableParallelism } = require('node:os');

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
  cluster.on('exit', () => cluster.fork());
} else {
  const Koa = require('koa');
  const app = new Koa();
  app.use((context) => { context.body = { pid: process.pid }; });
  app.listen(8000);
}
