// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Node's own primary, which replaces its workers, as its documentation tells: the next one listens before the last one is
// asked to leave. argv: the workers' script; WORKERS: how many. Says “ready” when all listen; replaces all of them
// for each line that it reads, and says “done”.
'use strict';
const cluster = require('node:cluster');
const lines = require('node:readline').createInterface({ input: process.stdin });

cluster.setupPrimary({ exec: process.argv[2] });
const fork = () => new Promise((resolve) => {
  const worker = cluster.fork();
  worker.once('listening', () => resolve(worker));
});
async function replace(old) {
  const worker = await fork();
  const ended = new Promise((resolve) => old.once('exit', resolve));
  old.disconnect();
  await ended;
  return worker;
}
(async () => {
  let workers = await Promise.all(Array.from({ length: Number(process.env.WORKERS) }, fork));
  console.log('ready');
  for await (const line of lines) {
    for (let i = 0; i < workers.length; i++) workers[i] = await replace(workers[i]);
    console.log('done');
  }
  process.exit();
})();
