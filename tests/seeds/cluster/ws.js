// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Echoes on a WebSocket, and says goodbye on each when the worker has to end: a server is closed only when all its
// connections are.
const cluster = require('node:cluster');
const http = require('node:http');
const { availableParallelism } = require('node:os');
const { WebSocketServer } = require('ws');

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
  const server = http.createServer((request, response) => response.end('a WebSocket, please\n'));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (text) => socket.send(`${process.pid} ${text}`));
  });
  process.on('SIGTERM', () => {
    for (const socket of sockets.clients) socket.close(1001, 'the server restarts');
  });
  server.listen(8000, '127.0.0.1');
}
