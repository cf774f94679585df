// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// One server after the other on each kind of address; says what each is bound to, then asks each for its name.
'use strict';
const http = require('node:http');

const port = Number(process.argv[2]);
const wanted = [
  { host: '127.0.0.1', port: 0 },
  { host: 'localhost', port: 0, family: 4 },
  { host: '::1', port: 0 },
  { host: '::', port, ipv6Only: true },
  { host: '0.0.0.0', port },
];
const get = (host, port) => new Promise((resolve, reject) => {
  http.get({ host, port, agent: false }, (response) => {
    response.setEncoding('utf8').on('data', resolve);
  }).on('error', reject);
});
(async () => {
  for (const [i, where] of wanted.entries()) {
    const server = http.createServer((request, response) => response.end(String(i)));
    await new Promise((resolve, reject) => server.on('error', reject).listen(where, resolve));
    const { address, family, port } = server.address();
    const answer = await get(address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address, port);
    process.send([address, family, answer]);
  }
})().catch((error) => process.send({ error: error.code }));
