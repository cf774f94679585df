// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Loaded before the script of a cluster's worker, for the moment when it is asked to leave. By itself Node
// closes connections that are idle just then, also under a request that is on its way, and goes on with the
// others for as long as their clients do. From here on every answer says “Connection: close” instead, so that each
// connection ends with a whole answer; and idle ones get a second for one more request.
'use strict';

const IDLE_MSEC = 1000;

const own = process.execArgv.indexOf(`--require=${__filename}`);
// What the script starts itself is none of a cluster.
if (own >= 0) process.execArgv.splice(own, 1);

function letIdleOnesWait(name) {
  let prototype;
  try {
    ({ Server: { prototype } } = require(name));
  } catch {
    return; // a Node without cryptography
  }
  const { closeIdleConnections } = prototype;
  if (!closeIdleConnections) return; // before Node 18.2
  prototype.closeIdleConnections = function () {
    setTimeout(() => closeIdleConnections.call(this), IDLE_MSEC).unref();
  };
}

// Nothing is paid for it before. Ahead of Node's own listener, which closes the servers.
process.prependListener('internalMessage', function leave(message) {
  if (message?.cmd !== 'NODE_CLUSTER' || message.act !== 'disconnect') return;
  process.removeListener('internalMessage', leave);
  letIdleOnesWait('node:http');
  letIdleOnesWait('node:https');
  require('node:diagnostics_channel').channel('http.server.request.start').subscribe(({ response }) => {
    if (!response.headersSent) response.shouldKeepAlive = false;
  });
});
