// A far side that goes on sending once it was asked, and a client that asks once and never again: what only a look at the table of flows can end.
'use strict'
const dgram = require('dgram')
const [role, host, ...ports] = process.argv.slice(2)
for (const port of ports.map(Number)) {
  const socket = dgram.createSocket('udp4')
  socket.on('error', () => {})
  if (role === 'serve') {
    const asked = new Set()
    socket.on('message', (_, from) => {
      if (asked.has(`${from.address} ${from.port}`)) return
      asked.add(`${from.address} ${from.port}`)
      setInterval(() => socket.send('push', from.port, from.address), 50)
    })
    socket.bind(port)
  } else socket.send('once', port, host)
}
setTimeout(() => {}, 600_000)
process.stdout.write('ready\n')
