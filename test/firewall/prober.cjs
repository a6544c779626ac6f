// Runs inside a namespace, in two parts. `listen`: answers on ports, TCP and UDP, with its name; prints `ready`. `probe`: tries targets
// all at once and prints what came of each as JSON. Plain Node, one file, so that it starts quickly wherever it is put.
const net = require('node:net')
const dgram = require('node:dgram')

const [part, text] = process.argv.slice(2)
const spec = JSON.parse(text)

function listen({ name, tcp, udp }) {
  let left = tcp.length + udp.length * 2
  const ready = () => {
    if (--left === 0) process.stdout.write('ready\n')
  }
  for (const port of tcp) {
    net.createServer((socket) => {
      socket.on('error', () => {})
      socket.write(`${name}:${port} ${socket.remoteAddress.replace('::ffff:', '')}\n`)
      socket.on('data', (data) => socket.write(data))
    }).listen({ port, host: '::' }, ready)
  }
  for (const port of udp) {
    for (const type of ['udp4', 'udp6']) {
      const socket = dgram.createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type })
      socket.on('message', (_, peer) => socket.send(`${name}:${port} ${peer.address}`, peer.port, peer.address))
      socket.bind(port, type === 'udp4' ? '0.0.0.0' : '::', ready)
    }
  }
}

const REFUSED = { ECONNREFUSED: 'refused', EHOSTUNREACH: 'refused', ENETUNREACH: 'refused', EACCES: 'refused', EPERM: 'refused', ECONNRESET: 'reset' }

function tcp({ host, port, waitMs, from }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, ...(from === undefined ? {} : { localAddress: from }) })
    const end = (what) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(what)
    }
    const timer = setTimeout(() => end('silence'), waitMs)
    socket.once('data', (data) => end(String(data).trim()))
    socket.once('error', (error) => end(REFUSED[error.code] ?? error.code))
    socket.once('close', () => end('closed'))
  })
}

function udp({ host, port, waitMs, from }) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const end = (what) => {
      clearTimeout(timer)
      socket.close()
      resolve(what)
    }
    const timer = setTimeout(() => end('silence'), waitMs)
    socket.once('message', (data) => end(String(data).trim()))
    socket.once('error', (error) => end(REFUSED[error.code] ?? error.code))
    const send = () => socket.connect(port, host, (error) => {
      if (error) end(REFUSED[error.code] ?? error.code)
      else socket.send('ask')
    })
    if (from === undefined) send()
    else socket.bind(0, from, send)
  })
}

if (part === 'listen') listen(spec)
else {
  if (spec.uid !== 0) process.setuid(spec.uid)
  Promise.all(spec.probes.map((each) => (each.protocol === 'tcp' ? tcp : udp)(each))).then((results) => {
    process.stdout.write(JSON.stringify(results))
    process.exit(0)
  })
}
