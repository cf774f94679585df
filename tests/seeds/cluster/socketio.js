// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// WebSockets only: long polling needs a primary that sends a client always to the same worker.
const cluster = require('node:cluster');
const http = require('node:http');
const { availableParallelism } = require('node:os');
const { Server } = require('socket.io');

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
  const server = http.createServer();
  const io = new Server(server, { transports: ['websocket'] });
  io.on('connection', (socket) => {
    socket.on('echo', (text, answer) => answer(`${process.pid} ${text}`));
  });
  process.on('SIGTERM', () => io.close());
  server.listen(8000, '127.0.0.1');
}
