// The small root program: it takes compiled text of ours on a socket that only its owner may use, and puts it in the kernel; nothing else. So whoever compiles
// policies, and whoever serves clients, needs no capability. It refuses what is not understood to the last word, what is not our table or our chains, and
// what is another policy than the one that was confirmed. Danger prevented: a hole in a program that reads the network, and root behind it.
import { chownSync, lstatSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { readIptables } from '../proof/from-iptables.ts'
import { readNft } from '../proof/from-nft.ts'
import { asGenerations } from '../plane/generations.ts'
import type { Hand, Look } from '../plane/hand.ts'
import { STORES } from '../plane/own-rules.ts'
import type { OwnRules } from '../plane/own-rules.ts'
import { asKept } from '../plane/records.ts'
import { askLine, listenPrivately, readLine } from './lines.ts'

const MOST_ASK = 128 << 20
const MOST_ANSWER = 64 << 20

/** Words that nft and iptables-restore act on where they read, wherever they stand. */
const READING = /\b(?:include|define|redefine|undefine)\b|\$|--modprobe|`/

/** What is wrong with the text, else undefined. The reader shares nothing with the printer, and takes nothing that it does not know. */
export function foreignWords(rules: OwnRules): string | undefined {
  try {
    for (const store of STORES) {
      const text = rules[store]
      if (text === undefined) continue
      const found = READING.exec(text.replace(/^#.*$/gm, ''))?.[0]
      if (found !== undefined) return `${store}: \`${found}\` is no word of ours`
      if (store === 'nft') readNft(text)
      else readIptables(text, store === 'iptables' ? 4 : 6)
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

async function answerTo(ask: unknown, hand: Hand): Promise<unknown> {
  if (!isRecord(ask)) return { problem: 'not understood' }
  switch (ask['command']) {
    case 'stamp': return { stamp: await hand.stamp() }
    case 'look': return { look: await hand.look() }
    case 'load': {
      const wanted = asKept(ask['wanted'])
      if (wanted?.meta === undefined) return { problem: 'not understood' }
      const problem = foreignWords(wanted.rules) ?? (await hand.load(wanted, asGenerations(ask['known'])))
      return problem === undefined ? {} : { problem }
    }
    default: return { problem: 'no such command' }
  }
}

async function serveOne(socket: Socket, hand: Hand): Promise<void> {
  try {
    const ask: unknown = JSON.parse(await readLine(socket, MOST_ASK))
    socket.end(`${JSON.stringify(await answerTo(ask, hand))}\n`)
  } catch {
    socket.destroy()
  }
}

/** `owner`: a user's number; who else may connect is root. */
export async function listenHelper(path: string, owner: number, hand: Hand): Promise<Server> {
  const stands = lstatSync(path, { throwIfNoEntry: false })
  if (stands !== undefined) {
    if (!stands.isSocket()) throw new Error(`${path} is no socket; remove it`)
    unlinkSync(path)
  }
  const server = await listenPrivately(createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    void serveOne(socket, hand)
  }), path)
  chownSync(path, owner, -1)
  return server
}

async function asked(path: string, ask: unknown): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askLine(path, ask, MOST_ANSWER)
  if (!isRecord(answer)) throw new Error(`${path}: the helper did not understand`)
  return answer
}

/** The hand of somebody without root: the helper's. */
export function helperHand(path: string): Hand {
  return {
    async stamp() {
      return String((await asked(path, { command: 'stamp' }))['stamp'])
    },
    async look() {
      const { look } = await asked(path, { command: 'look' })
      if (!isRecord(look)) throw new Error(`${path}: the helper did not understand`)
      return look as unknown as Look
    },
    async load(wanted, known) {
      const { problem } = await asked(path, { command: 'load', wanted, known })
      return problem === undefined ? undefined : String(problem)
    },
  }
}
