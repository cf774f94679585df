// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

process.on("message", (msg) => {
  console.log("Message from parent:", msg);
  process.send({ msg: "Hello from child!" });
});
