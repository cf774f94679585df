// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Serves the port PORT (or, without one, the socket it was given), answers with its pid.
//   /slow          answers when the file SLOW is there
//   BROKEN         when this file is there, it does not listen
//   HOLD           while this file is there, it waits with listening
//   LINGER=1       does not end by itself
//   TOLD           to this file it adds, before anything else happens: “+ PID PORT” with the client's port for
//                  a connection that came, “- PID PORT” for one that is closed, “? N” for a request of /?N
const fs = require('fs');
const http = require('http');

if (process.env.LINGER) setInterval(() => {}, 1000);
const told = process.env.TOLD ? fs.openSync(process.env.TOLD, 'a') : -1;
const tell = (...words) => { if (told >= 0) fs.writeSync(told, `${words.join(' ')}\n`); };
const server = http.createServer((request, response) => {
  const answer = () => response.end(`${process.pid}\n`);
  if (request.url.startsWith('/?')) tell('?', request.url.slice(2));
  if (request.url !== '/slow') return answer();
  console.log('slow request');
  const timer = setInterval(() => {
    if (!fs.existsSync(process.env.SLOW)) return;
    clearInterval(timer);
    answer();
  }, 10);
});
if (told >= 0) server.on('connection', (socket) => {
  const { pid } = process, { remotePort } = socket;
  tell('+', pid, remotePort);
  socket.on('close', () => tell('-', pid, remotePort));
});
function listen() {
  if (process.env.HOLD && fs.existsSync(process.env.HOLD)) return setTimeout(listen, 10);
  server.listen(process.env.PORT ? { port: +process.env.PORT, host: '127.0.0.1' } : { fd: 3 });
}
if (process.env.BROKEN && fs.existsSync(process.env.BROKEN)) setInterval(() => {}, 1000);
else listen();
