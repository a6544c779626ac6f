// Runs inside a namespace, in seven parts. `listen`: answers on ports, TCP and UDP, with its name; prints `ready`. `probe`: tries targets
// all at once and prints what came of each as JSON. `hold`: keeps one connection and says how it fares. `site`:
// a web site with its name server. `web`: one without, over
// TLS too. `flood`: sends without end to whoever connects, and says back how much it was sent. `flow`: how fast a
// connection goes, down or up. Plain Node, one file, so that it starts quickly wherever it is put.
const http = require('node:http')
const net = require('node:net')
const dgram = require('node:dgram')
const { networkInterfaces } = require('node:os')

const [part, text] = process.argv.slice(2)
const spec = JSON.parse(text)

function listen({ name, tcp, udp, fds = [] }) {
  // an answer comes from the address that was asked: a socket an address
  const addresses = Object.values(networkInterfaces()).flat().filter((each) => !each.address.startsWith('fe80'))
  let left = tcp.length + udp.length * addresses.length + fds.length
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
  // sockets that were handed over, for what is for others' addresses
  for (const fd of fds) {
    net.createServer((socket) => {
      socket.on('error', () => {})
      socket.write(`${name}:${socket.localPort} ${socket.remoteAddress.replace('::ffff:', '')} at ${socket.localAddress}\n`)
    }).listen({ fd }, ready)
  }
  for (const port of udp) {
    for (const { family, address } of addresses) {
      const socket = dgram.createSocket(family === 'IPv6' ? 'udp6' : 'udp4')
      socket.on('message', (_, peer) => socket.send(`${name}:${port} ${peer.address}`, peer.port, peer.address))
      socket.bind(port, address, ready)
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

/** One flow of UDP, the same way: it has no end that it could hear of but an error. */
function holdUdp({ host, port }) {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  let heard = false
  const say = (word) => process.stdout.write(`${word}\n`)
  socket.on('message', () => (heard = true))
  socket.on('error', () => say('refused'))
  socket.connect(port, host, () => {
    socket.send('tick')
    setInterval(() => {
      say(heard ? 'ok' : 'silence')
      heard = false
      socket.send('tick')
    }, 100)
  })
}

/** One connection that speaks every tenth of a second and says how that went: `ok`, `silence`, `reset`. */
function hold({ host, port, protocol }) {
  if (protocol === 'udp') return holdUdp({ host, port })
  const socket = net.connect({ host, port })
  let heard = false
  const say = (word) => process.stdout.write(`${word}\n`)
  const timer = setInterval(() => {
    say(heard ? 'ok' : 'silence')
    heard = false
    socket.write('tick')
  }, 100)
  socket.on('data', () => (heard = true))
  socket.on('error', () => {})
  socket.once('close', () => {
    clearInterval(timer)
    say('reset')
  })
}

/** A web site, and the name server that knows it: every name is at `address`. */
function site({ address }) {
  http.createServer((request, response) => response.end(`${request.headers.host} for ${request.socket.remoteAddress.replace('::ffff:', '')}\n`)).listen(80, address, () => {
    const socket = dgram.createSocket('udp4')
    socket.on('message', (query, peer) => {
      // the question ends with a zero label, type and class (RFC 1035 4.1.2); only type A has an answer
      const end = query.indexOf(0, 12) + 5
      const isA = query.readUInt16BE(end - 4) === 1
      const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])
      const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)])
      socket.send(Buffer.concat([head, query.subarray(12, end), ...(isA ? [answer] : [])]), peer.port, peer.address)
    })
    socket.bind(53, address, () => process.stdout.write('ready\n'))
  })
}

/** To whoever says `down` octets without end; of what others send the count, ten times a second. */
function flood({ ports }) {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let left = ports.length
  for (const port of ports) {
    net.createServer((socket) => {
      let counted = 0
      let timer
      socket.on('error', () => {})
      socket.on('close', () => clearInterval(timer))
      socket.once('data', (first) => {
        if (String(first).startsWith('down')) {
          const more = () => {
            while (socket.write(piece)) { /* until the kernel is full */ }
          }
          socket.on('drain', more)
          more()
          socket.resume()
          return
        }
        counted = first.length
        socket.on('data', (chunk) => (counted += chunk.length))
        timer = setInterval(() => socket.write(`${counted}\n`), 100)
      })
    }).listen({ port, host: '::' }, () => {
      if (--left === 0) process.stdout.write('ready\n')
    })
  }
}

/** Octets a second of each flow between two instants, so that flows of several hosts are measured together. */
function flow({ host, port, way, from, to, proxy }) {
  return new Promise((resolve) => {
    const socket = net.connect(proxy ?? { host, port })
    let octets = 0
    let started
    const begin = () => {
      if (Date.now() > from) return resolve('late')
      socket.on('data', (chunk) => {
        octets = way === 'down' ? octets + chunk.length : Number(String(chunk).trim().split('\n').at(-1))
      })
      if (way === 'down') socket.write('down')
      else {
        const piece = Buffer.alloc(16 * 1024, 'y')
        const more = () => {
          while (socket.write(piece)) { /* until the kernel is full */ }
        }
        socket.on('drain', more)
        more()
      }
      setTimeout(() => (started = octets), from - Date.now())
      setTimeout(() => {
        resolve(Math.round((octets - started) / ((to - from) / 1000)))
        socket.destroy()
      }, to - Date.now())
    }
    socket.on('error', (error) => resolve(error.code))
    socket.once('connect', () => {
      if (proxy === undefined) return begin()
      socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`)
      socket.once('data', (head) => (String(head).startsWith('HTTP/1.1 200') ? begin() : resolve(String(head).split('\r\n')[0])))
    })
  })
}

/** A site at ports 80 and 443 of each address, for any name. */
function web({ addresses, key, cert }) {
  const fs = require('node:fs')
  const answer = (scheme) => (request, response) => response.end(`${scheme} ${request.headers.host} for ${request.socket.remoteAddress.replace('::ffff:', '')}\n`)
  let left = addresses.length * 2
  const ready = () => {
    if (--left === 0) process.stdout.write('ready\n')
  }
  for (const address of addresses) {
    http.createServer(answer('http')).listen(80, address, ready)
    require('node:https').createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, answer('https')).listen(443, address, ready)
  }
}

if (part === 'listen') listen(spec)
else if (part === 'web') web(spec)
else if (part === 'flood') flood(spec)
else if (part === 'flow') {
  Promise.all(spec.map(flow)).then((rates) => {
    process.stdout.write(JSON.stringify(rates))
    process.exit(0)
  })
}
else if (part === 'site') site(spec)
else if (part === 'hold') hold(spec)
else {
  if (spec.uid !== 0) process.setuid(spec.uid)
  Promise.all(spec.probes.map((each) => (each.protocol === 'tcp' ? tcp : udp)(each))).then((results) => {
    process.stdout.write(JSON.stringify(results))
    process.exit(0)
  })
}
