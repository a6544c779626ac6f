// The gateway in a namespace, its two wires' other ends in another, raw frames put on them, and everything that the tap says. Nothing leaves
// the two namespaces: who is accepted is logged and dropped.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Ip } from '../../../src/net/ip.ts'
import { routeCommands } from '../../../src/firewall/route.ts'
import { transparentPort } from '../../../src/policy/transparent.ts'
import { Stage } from '../../firewall/stage.ts'
import { ip } from '../material.ts'
import { numberOf } from './frames.ts'
import { TAP_GROUP, TAP_TABLE } from './instrument.ts'

export const GREEN_MAC = '02:67:67:00:00:01'
export const RED_MAC = '02:67:67:00:00:02'
/** beside the green ones, which are the policy's */
export const RED_ADDRESSES: readonly Ip[] = [ip('203.0.113.1'), ip('2001:db8:f::1')]

/** Frames and datagrams by length; of the gateway's own, who sends. */
const SENDER = `
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None)
wires = {}
own = {}
def wire(name):
    if name not in wires:
        wires[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wires[name].bind((name, 0))
    return wires[name]
def sock(uid, six):
    if (uid, six) not in own:
        libc.setfsuid(uid)
        if six:
            s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
            s.setsockopt(socket.IPPROTO_IPV6, 36, 1)
        else:
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        libc.setfsuid(0)
        own[(uid, six)] = s
    return own[(uid, six)]
source = sys.stdin.buffer
print('ready', flush=True)
while True:
    head = source.read(8)
    if len(head) < 8: break
    kind, uid, length = struct.unpack('>HIH', head)
    data = source.read(length)
    try:
        if kind == 0: wire('green9').send(data)
        elif kind == 1: wire('red9').send(data)
        elif kind == 4: sock(uid, False).sendto(data, (socket.inet_ntop(socket.AF_INET, data[16:20]), 0))
        elif kind == 6: sock(uid, True).sendto(data, (socket.inet_ntop(socket.AF_INET6, data[24:40]), 0))
    except OSError as error:
        # what the rules refuse is refused to the sender too
        if error.errno not in (1, 13, 101, 111, 113): print('error', kind, error, flush=True)
`

export interface Heard {
  readonly prefix: string
  readonly number: number
  /** the packet's own, by which an error that quotes another is told apart */
  readonly packet: Buffer
  readonly output: boolean
}

const NFULA_HEADER = 1
const NFULA_PAYLOAD = 9
const NFULA_PREFIX = 10
const LOCAL_OUT = 3

export class Field {
  readonly #stage = new Stage()
  readonly #children: ChildProcess[] = []
  #outside: ChildProcess | undefined
  #inside: ChildProcess | undefined
  #pending = Buffer.alloc(0)
  #header = false
  #heard: Heard[] = []
  #ended: (() => void) | undefined
  #broken: ((error: Error) => void) | undefined
  #batch = 0

  async open(): Promise<void> {
    const stage = this.#stage
    stage.add('gw', 'out')
    stage.link('gw', 'green0', 'out', 'green9')
    stage.link('gw', 'red0', 'out', 'red9')
    for (const [name, mac] of [['green0', GREEN_MAC], ['red0', RED_MAC]] as const) stage.must('gw', `ip link set ${name} down; ip link set ${name} address ${mac} arp off addrgenmode none; ip link set ${name} up`)
    stage.must('out', 'sysctl -q -w net.ipv6.conf.all.disable_ipv6=1; ip link set green9 up; ip link set red9 up')
    stage.must('gw', `sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.green0.rp_filter=0 net.ipv4.conf.red0.rp_filter=0 \
      net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.green0.send_redirects=0 net.ipv4.conf.red0.send_redirects=0 net.ipv4.icmp_ratelimit=0
      ip addr add 192.168.51.254/24 dev green0; ip addr add fd00:51::254/64 dev green0 nodad; ip addr add 203.0.113.1/32 dev red0; ip addr add 2001:db8:f::1/128 dev red0 nodad
      ip route add default dev red0; ip -6 route add default dev red0; ${routeCommands({ catches: [4, 6] }).join('; ')}; nft -f -`, TAP_TABLE)
    // nobody is caught where nobody listens for it
    await stage.listenTransparent('gw', 'caught', transparentPort(800))
    await this.#listen()
    this.#outside = await this.#sender('out')
    this.#inside = await this.#sender('gw')
  }

  async #listen(): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.#stage.space('gw'), 'tcpdump', '-i', `nflog:${TAP_GROUP}`, '-B', '16384', '-U', '-w', '-', '-s', '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#children.push(child)
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    await new Promise<void>((resolve, reject) => {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said += String(chunk)
        if (said.includes('listening')) resolve()
      })
      child.once('exit', () => reject(new Error(`tcpdump ended: ${said}`)))
    })
  }

  async #sender(space: string): Promise<ChildProcess> {
    const child = spawn('ip', ['netns', 'exec', this.#stage.space(space), 'python3', '-c', SENDER], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.push(child)
    const [first] = await once(child.stdout, 'data') as [Buffer]
    if (!String(first).startsWith('ready')) throw new Error(`the sender said ${String(first)}`)
    child.stdout.on('data', (chunk: Buffer) => {
      const said = String(chunk).trim()
      if (said !== '') this.#broken?.(new Error(`the sender said ${said}`))
    })
    return child
  }

  /** Empties what was loaded, then loads. */
  load(command: string, text: string): void {
    this.#stage.must('gw', command, text)
  }

  #write(child: ChildProcess | undefined, kind: number, uid: number, data: Buffer): void {
    const head = Buffer.alloc(8)
    head.writeUInt16BE(kind, 0)
    head.writeUInt32BE(uid, 2)
    head.writeUInt16BE(data.length, 6)
    child?.stdin?.write(Buffer.concat([head, data]))
  }

  sendFrame(entry: string, data: Buffer): void {
    this.#write(this.#outside, entry === 'green0' ? 0 : 1, 0, data)
  }

  sendOwn(family: 4 | 6, uid: number, data: Buffer): void {
    this.#write(this.#inside, family, uid, data)
  }

  /** All that was said of what was sent since the last time. */
  async heard(): Promise<readonly Heard[]> {
    // the gateway's own are sent by another process: it has done its work when its last one is heard
    for (const last of [this.#inside, this.#outside]) {
      this.#batch += 1
      await this.#until(last)
    }
    const heard = this.#heard
    this.#heard = []
    return heard
  }

  async #until(sender: ChildProcess | undefined): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the tap does not end')), 20_000)
      this.#broken = reject
      this.#ended = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    const number = Buffer.alloc(8)
    number.writeUInt32BE(0x67677072, 0)
    number.writeUInt32BE(0xff000000 + this.#batch, 4)
    const head = Buffer.from('45000024000000004' + '0fd0000c0a833fe' + 'c0a833fe', 'hex')
    if (sender === this.#outside) this.sendFrame('green0', Buffer.concat([Buffer.from(GREEN_MAC.replaceAll(':', ''), 'hex'), Buffer.from('020000000001', 'hex'), Buffer.from([8, 0]), checksummed(head), Buffer.alloc(8), number]))
    else this.#write(this.#inside, 4, 0, Buffer.concat([checksummed(head), Buffer.alloc(8), number]))
    await done
    this.#ended = undefined
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk])
    if (!this.#header) {
      if (this.#pending.length < 24) return
      this.#pending = this.#pending.subarray(24)
      this.#header = true
    }
    let at = 0
    while (at + 16 <= this.#pending.length) {
      const length = this.#pending.readUInt32LE(at + 8)
      if (at + 16 + length > this.#pending.length) break
      this.#record(this.#pending.subarray(at + 16, at + 16 + length))
      at += 16 + length
    }
    this.#pending = Buffer.from(this.#pending.subarray(at))
  }

  #record(record: Buffer): void {
    let prefix = ''
    let packet: Buffer = Buffer.alloc(0)
    let hook = -1
    for (let tlv = 4; tlv + 4 <= record.length;) {
      const size = record.readUInt16LE(tlv)
      if (size < 4) break
      const value = record.subarray(tlv + 4, tlv + size)
      switch (record.readUInt16LE(tlv + 2)) {
        case NFULA_HEADER: hook = value.readUInt8(2); break
        case NFULA_PREFIX: prefix = value.toString('latin1').replace(/\0.*$/, ''); break
        case NFULA_PAYLOAD: packet = Buffer.from(value); break
        default:
      }
      tlv += (size + 3) & ~3
    }
    const number = numberOf(packet)
    if (number === undefined) return
    if (prefix === 'end') {
      if (number === (0xff000000 + this.#batch) >>> 0) this.#ended?.()
      return
    }
    if (number < 0xff000000) this.#heard.push({ prefix, number, packet, output: hook === LOCAL_OUT })
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.filter((child) => child.exitCode === null && child.signalCode === null).map((child) => new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill('SIGKILL')
    })))
    await this.#stage.close()
  }
}

function checksummed(head: Buffer): Buffer {
  const out = Buffer.from(head)
  let total = 0
  for (let at = 0; at < out.length; at += 2) total += out.readUInt16BE(at)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  out.writeUInt16BE(~total & 0xffff, 10)
  return out
}
