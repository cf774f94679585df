// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Three servers on ports of the kernel's choice.
'use strict';
const net = require('node:net');

const ports = [];
for (let i = 0; i < 3; i++) {
  const server = net.createServer().listen(0, () => {
    ports[i] = server.address().port;
    if (ports.filter(Boolean).length === 3) process.send({ ports });
  });
}
