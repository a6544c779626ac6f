// The whole internet, for a test: run in a namespace to which every address leads, it answers every TCP connection on one port, to
// which the namespace redirects all others. The answer has the media type that the request's `X-Want` names.
import http from 'node:http'

const server = http.createServer((request, response) => {
  request.resume()
  const want = request.headers['x-want']
  if (typeof want === 'string') response.setHeader('content-type', want)
  response.setHeader('x-origin', 'yes')
  response.end('from the origin\n')
})
// whoever opens a tunnel through here sends no HTTP; the connection alone is what is asked for
server.on('clientError', (_error, socket) => socket.destroy())
server.listen(Number(process.argv[2]), '::')
