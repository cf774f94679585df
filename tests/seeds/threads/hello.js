// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const { Worker, isMainThread, parentPort } = require("worker_threads");

if (isMainThread) {
  // This is the main thread

  const worker = new Worker(__filename); // Start a new worker with this file

  worker.on("message", (msg) => {
    console.log("Message from worker:", msg);
  });

  worker.postMessage("Hello Worker!");
} else {
  // This is the worker thread

  parentPort.on("message", (msg) => {
    console.log("Message from main thread:", msg);
    parentPort.postMessage("Hello Main Thread!");
  });
}
