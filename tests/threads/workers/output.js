// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Writes in the way that its argument says.
'use strict';

const { parentPort } = require('worker_threads');

const [mode, count] = process.argv.slice(2);

const modes = {
  lines() {
    for (let i = 0; i < Number(count); i++)
      console.log(`line ${i}`);
    console.error('é, the last');
    process.exit(4);
  },
  busy() {
    console.log('before');
    process.stdout.write(Buffer.from([0xff, 0x00, 0x0a]));
    console.log('after');
    console.error('error');
    for (;;);
  },
  forever() {
    parentPort.postMessage('begin');
    for (let i = 0; ; i++)
      console.log(`line ${i}`);
  },
  // Around what the host has put there.
  around() {
    delete process.stdout._write;
    delete process.stdout._writev;
    for (let i = 0; i < Number(count); i++)
      console.log(`line ${i}`);
    process.exit(5);
  },
  callback() {
    process.stdout.write('one\n', () => process.stdout.end('two\n', () => parentPort.postMessage('done')));
  },
  input() {
    let length = 0;
    let lines = 0;

    process.stdin.on('data', (chunk) => {
      length += chunk.length;
      lines += String(chunk).split('\n').length - 1;
    });
    process.stdin.on('end', () => console.log(`${length} bytes, ${lines} lines`));
  },
};

modes[mode]();
