// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Asks a server of tests/seeds/cluster, until standard input ends: modules-client.js http|ws|socketio PORT. A client
// whose connection was closed by the server comes again, as browsers do. Prints “working” once all
// clients had an answer, and at the end a line of JSON: answers, failures and the workers that answered.
const http = require('node:http');

const [kind, port] = process.argv.slice(2);
const clients = 8;
const workers = new Set();
let answers = 0, failures = 0, over = false, served = 0;
const answered = (text) => {
  answers++;
  workers.add(String(text));
};
const begun = () => {
  if (++served === clients) console.log('working');
};

const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
const get = (path) => new Promise((resolve, reject) => {
  http.get({ port, host: '127.0.0.1', agent, path }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (more) => { text += more; }).on('end', () => resolve(text)).on('error', reject);
  }).on('error', reject);
});
const kinds = {
  async http() {
    for (let first = true; !over; first = false) {
      try {
        answered(JSON.parse(await get('/')).pid);
      } catch (error) {
        failures++;
        console.error(error.code, error.message);
      }
      if (first) begun();
    }
  },
  async ws() {
    const { WebSocket } = require('ws');
    for (let first = true; !over; first = false) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      let n = 0;
      await new Promise((resolve) => {
        const next = () => (over ? socket.close() : socket.send(String(++n)));
        socket.on('open', next);
        socket.on('message', (text) => {
          const [pid, echo] = String(text).split(' ');
          if (Number(echo) !== n) failures++;
          answered(pid);
          if (first && n === 1) begun();
          setTimeout(next, 1);
        });
        socket.on('error', (error) => { failures++; console.error(error.message); });
        // 1001: the server goes away, as it said.
        socket.on('close', (code) => { if (!over && code !== 1001) failures++; resolve(); });
      });
    }
  },
  async socketio() {
    const { io } = require('socket.io-client');
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnectionDelay: 10, forceNew: true });
    for (let first = true; !over; first = false) {
      try {
        // One that got no answer is asked again over the next connection.
        answered((await socket.timeout(2000).emitWithAck('echo', 'x')).split(' ')[0]);
      } catch (error) {
        if (socket.connected) failures++;
      }
      if (first) begun();
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
    socket.close();
  },
};
process.stdin.resume().on('end', () => { over = true; });
Promise.all(Array.from({ length: clients }, () => kinds[kind]())).then(() => {
  console.log(JSON.stringify({ answers, failures, workers: workers.size }));
  process.exit();
});
