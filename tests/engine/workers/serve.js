// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Serves the port PORT (or, without one, the socket it was given), answers with its pid.
//   /slow          answers when the file SLOW is there
//   BROKEN         when this file is there, it does not listen
//   HOLD           while this file is there, it waits with listening
//   LINGER=1       does not end by itself
//   TELL=1         says the query of each request before it answers
const fs = require('fs');
const http = require('http');

if (process.env.LINGER) setInterval(() => {}, 1000);
const server = http.createServer((request, response) => {
  if (process.env.TELL) console.log(request.url.slice(2));
  const answer = () => response.end(`${process.pid}\n`);
  if (request.url !== '/slow') return answer();
  console.log('slow request');
  const timer = setInterval(() => {
    if (!fs.existsSync(process.env.SLOW)) return;
    clearInterval(timer);
    answer();
  }, 10);
});
function listen() {
  if (process.env.HOLD && fs.existsSync(process.env.HOLD)) return setTimeout(listen, 10);
  server.listen(process.env.PORT ? { port: +process.env.PORT, host: '127.0.0.1' } : { fd: 3 });
}
if (process.env.BROKEN && fs.existsSync(process.env.BROKEN)) setInterval(() => {}, 1000);
else listen();
