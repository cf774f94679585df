// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Echoes datagrams; with "twice" binds the same port a second time.
'use strict';
const dgram = require('node:dgram');

const [port, twice] = process.argv.slice(2);
const bind = (onBound) => {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: Boolean(twice) });
  socket.on('message', (text, peer) => socket.send(`${process.pid} ${text}`, peer.port, peer.address));
  socket.on('error', (error) => process.send({ error: error.code }));
  socket.bind(Number(port), '127.0.0.1', () => onBound(socket));
};
bind((first) => {
  if (!twice) process.send({ address: first.address() });
  else bind(() => process.send({ address: first.address() }));
});
