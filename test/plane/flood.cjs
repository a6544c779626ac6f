// Sends datagrams for so many seconds, each a flow of its own: over the ports from `first`, from many sockets; prints how many were sent.
'use strict'
const dgram = require('dgram')
const [host, first, ports, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4]), Number(process.argv[5])]
const sockets = Array.from({ length: 40 }, () => dgram.createSocket('udp4'))
for (const socket of sockets) socket.on('error', () => {})
const end = Date.now() + seconds * 1000
let sent = 0
function step() {
  if (Date.now() >= end) return setTimeout(() => {
    process.stdout.write(`${sent}\n`)
    process.exit(0)
  }, 300)
  for (let n = 0; n < 6; n++, sent++) sockets[Math.floor(sent / ports) % sockets.length].send('x', first + (sent % ports), host)
  setTimeout(step, 2)
}
step()
