// The other end of bench-channel: echoes every message.
'use strict';
process.on('message', (message) => process.send(message));
