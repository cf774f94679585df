// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// Two servers in one worker.
'use strict';
const http = require('node:http');
const cluster = require('node:cluster');

const servers = [0, 1].map(() => http.createServer((request, response) => response.end(`${cluster.worker.id} ${process.pid}`)));
servers[0].listen(0, '127.0.0.1', () => servers[1].listen(0, '127.0.0.1', () => {
  process.send({ first: servers[0].address().port, second: servers[1].address().port });
}));
