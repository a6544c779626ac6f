// The rest of the world, in a namespace of its own: every address there is answers on port 80 with itself. Prints each connection's address,
// so that what was dialled is known from the side that was dialled. Plain Node, one file, so that it starts quickly.
const net = require('node:net')

net.createServer((socket) => {
  const address = socket.localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  process.stdout.write(`dialled ${socket.localAddress}\n`)
  socket.on('error', () => {})
  socket.on('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${address.length}\r\nConnection: close\r\n\r\n${address}`))
}).listen({ port: 80, host: '::', backlog: 1024 }, () => process.stdout.write('ready\n'))
