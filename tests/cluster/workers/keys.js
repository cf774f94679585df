// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// All workers of a TLS server must have the same ticket keys.
'use strict';
const tls = require('node:tls');

const server = tls.createServer({});
server.listen(0, '127.0.0.1', () => process.send({ keys: server.getTicketKeys().toString('hex') }));
