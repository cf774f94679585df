// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Serves the port PORT (or, without one, the socket it was given), answers with its pid.
//   /slow          answers when the file SLOW is there
//   BROKEN         while this file is there, it does not listen
//   LINGER=1       does not end by itself
const fs = require('fs');
const http = require('http');

if (process.env.LINGER) setInterval(() => {}, 1000);
const server = http.createServer((request, response) => {
  const answer = () => response.end(`${process.pid}\n`);
  if (request.url !== '/slow') return answer();
  console.log('slow request');
  const timer = setInterval(() => {
    if (!fs.existsSync(process.env.SLOW)) return;
    clearInterval(timer);
    answer();
  }, 10);
});
if (!process.env.BROKEN || !fs.existsSync(process.env.BROKEN)) {
  server.listen(process.env.PORT ? { port: +process.env.PORT, host: '127.0.0.1' } : { fd: 3 });
} else {
  setInterval(() => {}, 1000);
}
