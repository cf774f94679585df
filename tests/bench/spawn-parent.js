// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Node as the launcher in bench-spawn. argv: program, launches, launches in flight, MiB of heap.
// Prints the wall time of all launches in microseconds.
'use strict';
const { spawn } = require('node:child_process');

const [program, ...numbers] = process.argv.slice(2);
const [total, window, mebibytes] = numbers.map(Number);
const heap = Buffer.alloc(mebibytes << 20, 1);
let started = 0, ended = 0;
const start = process.hrtime.bigint();

function launch() {
  const child = spawn(program, [], { stdio: ['ignore', 'pipe', 'pipe'] });
  started++;
  child.stdout.on('data', () => {});
  child.stderr.on('data', () => {});
  child.on('close', () => {
    if (started < total) launch();
    if (++ended === total) report();
  });
}

function report() {
  console.log(Number(process.hrtime.bigint() - start) / 1000, heap.length);
}

if (total === 0) report();
for (let i = 0; i < Math.min(window, total); i++) launch();
