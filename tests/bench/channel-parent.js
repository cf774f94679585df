// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Node as the parent in bench-channel. argv: messages, messages in flight. Prints wall and CPU microseconds.
'use strict';
const { fork } = require('node:child_process');
const path = require('node:path');

const [total, window] = process.argv.slice(2).map(Number);
const child = fork(path.join(__dirname, 'channel-child.js'));
const warmUp = 2000;
let sent = 0, received = 0, start, cpu;
const send = () => child.send({ id: 1000000 + sent++, method: 'resize', path: '/images/cat.png' });
child.on('message', () => {
  received++;
  if (received === warmUp) {
    start = process.hrtime.bigint();
    cpu = process.cpuUsage();
  }
  if (sent < total + warmUp) send();
  if (received === total + warmUp) {
    const wall = Number(process.hrtime.bigint() - start) / 1000;
    const used = process.cpuUsage(cpu);
    console.log(Math.round(wall), used.user + used.system);
    child.disconnect();
  }
});
for (let i = 0; i < window; i++) send();
