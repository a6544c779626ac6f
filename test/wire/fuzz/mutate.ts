// Seeded mutations of messages: octets flipped, cut, doubled and moved, line ends changed, and what parsers have stumbled over put in between.

/** 32 bits a call, the same for the same seed (mulberry32). */
export type Random = () => number

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

const TOKENS = [
  '\r\n', '\n', '\r', '\r\n\r\n', '\n\n', '\r\r\n', ' ', '\t', '\x0b', '\x0c', '\0', '\x7f', '\x80', '\xff', '\xa0', ':', ' :', ': ', ';', ',', '"', '=', '%00', '0', '3', '00', '-1', '+3', '0x3', '1e3', 'ffffffff', 'fffffffffffffffff', '18446744073709551616', '9007199254740993', 'a'.repeat(300),
  'Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Content-Length: 5, 5\r\n', 'Content-Length:\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: identity\r\n', 'transfer-encoding:chunked\r\n', 'Connection: close\r\n', 'Connection: keep-alive\r\n', 'Connection: upgrade\r\n', 'Upgrade: websocket\r\n',
  'Host: a\r\n', 'Host : a\r\n', ' folded\r\n', '\tfolded\r\n', 'X\r\n', ': x\r\n', 'Expect: 100-continue\r\n', 'Trailer: X\r\n', 'TE: trailers\r\n', '3\r\nabc\r\n', '0\r\n\r\n', '0\r\nX: 1\r\n\r\n', '3;a=b\r\nabc\r\n', '3;a="b\\""\r\n', '3 ;a\r\n', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', ' HTTP/1.1', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n', 'HTTP/1.1 304\r\n', 'GET ', 'POST ', 'CONNECT ', 'OPTIONS * ', 'http://a.test/', 'http://', '/', '*', '?', '#', '@', 'a.test:443', '[::1]', '\\',
]

/** One mutant of `seed`, by one to four changes; `other` is spliced in at times. */
export function mutant(seed: Buffer, other: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(seed)
  for (let left = 1 + (random() % 4); left > 0; left--) bytes = change(bytes, other, random)
  return bytes.length > 8192 ? bytes.subarray(0, 8192) : bytes
}

function change(bytes: Buffer, other: Buffer, random: Random): Buffer<ArrayBuffer> {
  const at = bytes.length === 0 ? 0 : random() % (bytes.length + 1)
  const span = 1 + (random() % 8)
  const join = (...parts: readonly Uint8Array[]): Buffer<ArrayBuffer> => Buffer.concat(parts)
  switch (random() % 11) {
    case 0: return join(bytes.subarray(0, at), Buffer.from([random() & 255]), bytes.subarray(at + 1))
    case 1: return join(bytes.subarray(0, at), bytes.subarray(at + span))
    case 2: return join(bytes.subarray(0, at), bytes.subarray(at, at + span), bytes.subarray(at))
    case 3: return join(bytes.subarray(0, at), Buffer.from([random() & 255]), bytes.subarray(at))
    case 4: return join(bytes.subarray(0, at), other.subarray(random() % (other.length + 1)))
    case 5: {
      const line = bytes.indexOf('\r\n', at)
      if (line < 0) return join(bytes)
      return join(bytes.subarray(0, line), Buffer.from(['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\r\n '][random() % 6] ?? ''), bytes.subarray(line + 2))
    }
    case 6: {
      const line = bytes.indexOf('\r\n', at)
      const next = line < 0 ? -1 : bytes.indexOf('\r\n', line + 2)
      return next < 0 ? join(bytes) : join(bytes.subarray(0, line + 2), bytes.subarray(line + 2, next + 2), bytes.subarray(line + 2))
    }
    case 7: {
      const octet = bytes[at] ?? 0
      return join(bytes.subarray(0, at), Buffer.from([octet ^ 32]), bytes.subarray(at + 1))
    }
    case 8: return join(bytes, other)
    default: {
      const token = Buffer.from(TOKENS[random() % TOKENS.length] ?? '', 'latin1')
      return random() % 2 === 0 ? join(bytes.subarray(0, at), token, bytes.subarray(at)) : join(bytes.subarray(0, at), token, bytes.subarray(at + token.length))
    }
  }
}

/** The shortest that still shows what `shows` looks for: pieces are taken out as long as that holds. */
export function shrunk(bytes: Buffer, shows: (bytes: Buffer) => boolean): Buffer {
  let least = bytes
  for (let size = Math.max(1, least.length >> 1); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at + size <= least.length;) {
      const less = Buffer.concat([least.subarray(0, at), least.subarray(at + size)])
      if (shows(less)) least = less
      else at += size
    }
    if (size === 1) break
  }
  return least
}
