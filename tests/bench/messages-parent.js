// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Node as the parent in bench-messages, with the same child. argv: messages, one each millisecond. Prints the
// median and the 99th percentile of the round trips in microseconds, and its own PSS in KiB.
'use strict';
const { fork } = require('node:child_process');
const fs = require('node:fs');

const total = Number(process.argv[2]);
const child = fork('echo', [], { execPath: process.env.TROUPE_TEST_PEER, execArgv: [], silent: true });
const now = () => Number(process.hrtime.bigint()) / 1000;
const trips = [];
const sentAt = [];
let begin, timer;

child.on('message', (message) => {
  trips.push(now() - sentAt[message.n]);
  if (trips.length < total) return;
  trips.sort((a, b) => a - b);
  const pss = /^Pss: *(\d+)/m.exec(fs.readFileSync('/proc/self/smaps_rollup', 'utf8'))[1];
  console.log(trips[Math.floor(total / 2)], trips[Math.floor(total * 0.99)], pss);
  child.disconnect();
});

child.stdout.once('data', () => {
  begin = now();
  timer = setInterval(() => {
    while (sentAt.length < total && begin + sentAt.length * 1000 <= now()) {
      const n = sentAt.length;
      sentAt.push(now());
      child.send({ n });
    }
    if (sentAt.length === total) clearInterval(timer);
  }, 1);
});
