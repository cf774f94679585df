// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Node as the reader of many floods in bench-capture. argv: test-child, children, bytes of each,
// and a folder to keep them in; without it they are only counted. Prints the wall time in microseconds.
'use strict';
const { spawn } = require('node:child_process');
const { createWriteStream } = require('node:fs');

const [program, childrenText, bytesText, folder] = process.argv.slice(2);
const children = Number(childrenText), bytes = Number(bytesText);
let ended = 0, seen = 0;
const start = process.hrtime.bigint();
for (let i = 0; i < children; i++) {
  const child = spawn(program, ['flood', String(bytes), '65536'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (data) => { seen += data.length; });
  child.stderr.on('data', () => {});
  if (folder) child.stdout.pipe(createWriteStream(`${folder}/${i}`)).on('finish', end);
  else child.on('close', end);
}

function end() {
  if (++ended < children) return;
  if (seen !== children * bytes) throw new Error(`saw ${seen} bytes`);
  console.log(Number(process.hrtime.bigint() - start) / 1000);
}
