// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// messageChannel

const { MessageChannel } = require("worker_threads")
const { port1,port2 } = new MessageChannel()

port1.on("message",(message)=> console.log(message))
port2.postMessage({foo:"bar"})
