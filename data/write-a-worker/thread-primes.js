// SPDX-License-Identifier: MIT-0
// A worker thread: nothing here knows of Troupe, it is Node's own worker_threads. It answers
// {"number": N}, and counts primes up to workerData.upTo by itself while nobody asks.
'use strict';
const { parentPort, workerData, threadId } = require('node:worker_threads');

function isPrime(number) {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let i = 2; i * i <= number; i++) if (number % i === 0) return false;
  return true;
}

parentPort.on('message', (message) => {
  if (typeof message?.number !== 'number') {
    parentPort.postMessage({ error: 'expected {"number": N}', got: message });
    return;
  }
  parentPort.postMessage({ number: message.number, isPrime: isPrime(message.number) });
});

// The other side has disconnected: nothing comes any more.
parentPort.on('close', () => console.log('goodbye'));

let count = 0;
for (let number = 2; number <= (workerData?.upTo ?? 0); number++) if (isPrime(number)) count++;
console.log(`thread ${threadId} is ready, and knows ${count} primes`);
