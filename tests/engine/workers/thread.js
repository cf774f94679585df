// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// A worker thread that does what messages ask; thread.c is its twin for the native host.
//   "ping"            answers "pong"
//   ["log", TEXT]     writes a line to standard output
//   ["exit", CODE]    ends
//   "fail"            ends with an error that nobody catches
//   "spin"            says "for ever", and computes so long
//   "hang"            says "for ever", and is in a call that does not return
//   "crash"           takes the whole process with it
//   ["load", SHARE]   uses that share of a processor, and writes lines "usec of the clock, usec of its CPU time"
//   ["env", NAME]     answers with the variable; ["set-env", NAME, VALUE]
//   "data"            answers with its worker data
//   ["store", OFFSET, NUMBER]   into the shared block, as 32 bits
//   ["say", TEXT]     to every thread it is linked with; what comes from them is passed on as {"from", "text"}
const fs = require('fs');
const { execFileSync } = require('child_process');
const { getEnvironmentData, parentPort, workerData } = require('worker_threads');

const links = [];

function cpuUsec() {
  return Math.round(Number(fs.readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000);
}

function burn(msec) {
  for (const end = performance.now() + msec; performance.now() < end;);
}

function load(share) {
  const begin = performance.now();

  burn(20 * share);
  console.log(`${Math.round((performance.timeOrigin + performance.now()) * 1000)} ${cpuUsec()}`);
  setTimeout(load, Math.max(20 - (performance.now() - begin), 0), share);
}

const orders = {
  ping: () => parentPort.postMessage('pong'),
  log: (text) => console.log(text),
  exit: (code) => process.exit(code),
  fail: () => { throw new RangeError('as asked'); },
  spin: () => {
    console.log('for ever');
    for (;;);
  },
  hang: () => {
    console.log('for ever');
    execFileSync('sleep', ['1000']);
  },
  crash: () => process.kill(process.pid, 'SIGABRT'),
  load,
  env: (name) => parentPort.postMessage(process.env[name] ?? null),
  'set-env': (name, value) => { process.env[name] = value; },
  data: () => parentPort.postMessage(workerData),
  store: (offset, number) => {
    new Int32Array(getEnvironmentData('troupe.shared'))[offset / 4] = number;
    parentPort.postMessage('stored');
  },
  say: (text) => links.forEach((port) => port.postMessage(text)),
};

parentPort.on('message', (message) => {
  if (message.type === 'troupe:link') {
    links.push(message.port);
    message.port.on('message', (text) => parentPort.postMessage({ from: message.name, text }));
    return;
  }
  const [name, ...rest] = [].concat(message);

  orders[name](...rest);
});
console.log('ready');
