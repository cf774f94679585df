// SPDX-License-Identifier: MIT-0
// A worker in JavaScript: nothing here knows of Troupe, it is Node's own fork () interface.
'use strict';

function isPrime(number) {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let i = 2; i * i <= number; i++) if (number % i === 0) return false;
  return true;
}

process.on('message', (message) => {
  if (typeof message?.number !== 'number') {
    process.send({ error: 'expected {"number": N}', got: message });
    return;
  }
  process.send({ number: message.number, isPrime: isPrime(message.number) });
});

// The channel is closed from the other side: finish and leave.
process.on('disconnect', () => process.exit(0));

console.log('ready for numbers');
