// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Node's own main thread as the parent in bench-threads, with the same module in its threads.
//   threads-parent.js messages TOTAL WINDOW   prints wall and CPU microseconds
//   threads-parent.js start N                 prints the median of microseconds until the first message
//   threads-parent.js memory N                prints its PSS in KiB without and with N threads
'use strict';
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const [what, ...numbers] = process.argv.slice(2);
const script = path.join(__dirname, 'threads-worker.js');
const now = () => Number(process.hrtime.bigint()) / 1000;
const readPss = () => Number(/^Pss: *(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))[1]);
const hello = (worker) => new Promise((resolve) => worker.once('message', resolve));

async function messages(total, window) {
  const warmUp = 2000;
  const worker = new Worker(script);
  let sent = 0, received = 0, start, cpu;
  const send = () => worker.postMessage({ id: sent++, method: 'resize', path: '/images/cat.png' });

  await hello(worker);
  worker.on('message', () => {
    received++;
    if (received === warmUp) {
      start = now();
      cpu = process.cpuUsage();
    }
    if (sent < total + warmUp) send();
    if (received === total + warmUp) {
      const wall = Math.round(now() - start);
      const used = process.cpuUsage(cpu);
      console.log(wall, used.user + used.system);
      worker.terminate();
    }
  });
  for (let i = 0; i < window; i++) send();
}

async function start(n) {
  const times = [];

  for (let i = 0; i < n; i++) {
    const begin = now();
    const worker = new Worker(script);

    await hello(worker);
    times.push(now() - begin);
    await worker.terminate();
  }
  times.sort((a, b) => a - b);
  console.log(Math.round(times[n >> 1]));
}

async function memory(n) {
  const before = readPss();
  const workers = Array.from({ length: n }, () => new Worker(script));

  await Promise.all(workers.map(hello));
  console.log(before, readPss());
  await Promise.all(workers.map((worker) => worker.terminate()));
}

({ messages, start, memory })[what](...numbers.map(Number));
