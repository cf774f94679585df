// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// The same port twice in one worker: the second must fail and the first still serve.
'use strict';
const http = require('node:http');

const port = Number(process.argv[2]);
http.createServer((request, response) => response.end('first')).listen(port, '127.0.0.1', () => {
  http.createServer().on('error', (error) => process.send({ error: error.code })).listen(port, '127.0.0.1');
});
