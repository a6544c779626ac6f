// A packet's way through a model, as the kernel goes it: hooks in their order, jump and goto, the first verdict. Danger prevented: an
// explanation that stops at the first line that looks right.
import type { Packet } from './packet.ts'
import { CONNTRACK } from './model.ts'
import type { Action, Chain, Model, ModelHook, Rule, Test } from './model.ts'
import type { Span } from './service.ts'

/** A line that matched. */
export interface Step {
  readonly chain: string
  readonly rule: Rule
}

export interface Outcome {
  readonly verdict: 'accept' | 'drop' | 'reject'
  /** of a rejection: what goes back */
  readonly answer?: string
  /** the lines by which the verdict was reached, those apart that were jumped from and came back; empty: no line decided */
  readonly path: readonly Step[]
  /** what becomes of the flow's mark: these bits are set so; undefined: it stays */
  readonly mark: Marked | undefined
  readonly logs: readonly string[]
  readonly masquerade: boolean
  /** the queue that it waits in, where it leaves by an interface that has one */
  readonly queue: string | undefined
  /** the port of the socket that it was taken to, out of its way */
  readonly caught: number | undefined
}

export interface Marked {
  readonly value: number
  readonly mask: number
}

/** What a hook can see of the packet. */
interface View {
  readonly packet: Packet
  readonly tracked: boolean
  readonly entry: boolean
  readonly exit: boolean
  /** of the flow, as what came before has left it; asked for when it matters */
  readonly mark: () => number
  readonly caught: boolean
}

function within(spans: readonly Span[], value: number): boolean {
  for (const span of spans) if (value >= span.first && value <= span.last) return true
  return false
}

function holds(test: Test, { packet, tracked, entry, exit, mark, caught }: View): boolean {
  switch (test.on) {
    case 'family': return packet.family === test.family
    case 'in': return test.names.has(entry ? packet.in : '') !== test.not
    case 'out': return test.names.has(exit ? packet.out : '') !== test.not
    case 'source': return test.set.has(packet.source) !== test.not
    case 'destination': return test.set.has(packet.destination) !== test.not
    case 'sourceKind': return test.kinds.has(packet.sourceKind) !== test.not
    case 'destinationKind': return test.kinds.has(packet.destinationKind) !== test.not
    case 'mac': {
      // where there is no such address the kernel's match fails, whichever way round it is
      const { mac } = packet
      return mac !== undefined && entry && test.macs.has(mac) !== test.not
    }
    case 'service': return within(test.spans, packet.service) !== test.not
    case 'sourcePort': return within(test.spans, packet.sourcePort) !== test.not
    case 'hopLimit': return within(test.spans, packet.hopLimit) !== test.not
    case 'uid': {
      const { uid } = packet
      return uid !== undefined && within(test.spans, uid) !== test.not
    }
    case 'state': return tracked && test.states.has(packet.state) !== test.not
    case 'reply': return tracked && packet.reply === test.reply
    case 'mark': return tracked && ((mark() & test.mask) >>> 0 === test.value) !== test.not
    case 'caught': return caught
    case 'syn': return packet.syn === test.syn
    case 'time': return packet.time >= test.first && packet.time <= test.last
    case 'counted': return packet.noisy
    case 'rate': return !packet.noisy
  }
}

function matches(rule: Rule, view: View): boolean {
  for (const test of rule.tests) if (!holds(test, view)) return false
  return true
}

type Final = { readonly kind: 'accept' | 'drop' | 'masquerade' } | Extract<Action, { readonly kind: 'reject' | 'catch' }>

/** A chain that calls itself would never end; no tool loads one. */
const DEEPEST = 64

export class Walk {
  /** every line that matched, in order */
  readonly steps: Step[] = []
  readonly #model: Model
  readonly #packet: Packet
  #path: Step[] = []
  #mark: Marked | undefined
  #logs: string[] = []
  #queue: string | undefined
  #caught: number | undefined

  constructor(model: Model, packet: Packet) {
    this.#model = model
    this.#packet = packet
  }

  outcome(): Outcome {
    const { hook } = this.#packet
    let path: readonly Step[] = []
    for (const stage of hook === 'output' ? ['output'] as const : ['prerouting', hook] as const) {
      // what was caught is the machine's own, wherever it was going
      const at = this.#caught === undefined ? stage : 'input'
      for (const base of this.#model.bases) {
        if (base.base?.hook !== at) continue
        this.#path = []
        const action = this.#chain(base, this.#view(at, base.base.priority))
        if (action?.kind === 'catch') {
          this.#caught = action.port
          continue
        }
        if (action === undefined || action.kind === 'accept') {
          if (action === undefined && base.base.policy === 'drop') return this.#told('drop', [])
          if (stage === hook && action !== undefined && path.length === 0) path = [...this.#path]
          continue
        }
        if (action.kind === 'reject') return { ...this.#told('reject', [...this.#path]), answer: action[this.#packet.family] }
        if (action.kind === 'drop') return this.#told('drop', [...this.#path])
      }
    }
    return this.#told('accept', path, hook !== 'input' && this.#caught === undefined && this.#leaves())
  }

  #told(verdict: Outcome['verdict'], path: readonly Step[], masquerade = false): Outcome {
    return { verdict, path, mark: this.#mark, logs: this.#logs, masquerade, queue: this.#queue, caught: this.#caught }
  }

  #view(hook: ModelHook, priority: number): View {
    return { packet: this.#packet, tracked: priority > CONNTRACK, entry: hook !== 'output' && hook !== 'postrouting', exit: hook !== 'prerouting' && hook !== 'input', mark: () => this.#markNow(), caught: this.#caught !== undefined }
  }

  #markNow(): number {
    const { mark } = this.#packet
    return this.#mark === undefined ? mark : ((mark & ~this.#mark.mask) | this.#mark.value) >>> 0
  }

  /** Postrouting: does another source stand in it then? */
  #leaves(): boolean {
    let masquerade = false
    for (const base of this.#model.bases) {
      if (base.base?.hook !== 'postrouting') continue
      this.#path = []
      if (this.#chain(base, this.#view('postrouting', base.base.priority))?.kind === 'masquerade') masquerade = true
    }
    return masquerade
  }

  /** undefined: it came back. */
  #chain(chain: Chain, view: View, depth = 0): Final | undefined {
    if (depth > DEEPEST) throw new Error(`the chain \`${chain.name}\` calls itself`)
    for (const rule of chain.rules) {
      if (!matches(rule, view)) continue
      const step = { chain: chain.name, rule }
      this.steps.push(step)
      this.#path.push(step)
      const length = this.#path.length
      for (const action of rule.actions) {
        switch (action.kind) {
          case 'log': case 'nflog':
            this.#logs.push(`${action.kind} ${action.prefix}`)
            break
          case 'count': break
          case 'mark':
            this.#mark = { value: (((this.#mark?.value ?? 0) & ~action.mask) | action.value) >>> 0, mask: ((this.#mark?.mask ?? 0) | action.mask) >>> 0 }
            break
          case 'classify':
            this.#queue = action.queue
            break
          case 'return':
            this.#path.length = length - 1
            return undefined
          case 'jump': case 'goto': {
            const target = this.#model.chains.get(action.chain)
            if (target === undefined) throw new Error(`the chain \`${action.chain}\` is missing`)
            const final = this.#chain(target, view, depth + 1)
            if (final !== undefined) return final
            if (action.kind === 'goto') return undefined
            break
          }
          case 'reject': case 'catch': return action
          default: return { kind: action.kind }
        }
      }
      this.#path.length = length - 1
    }
    return undefined
  }
}

export function walk(model: Model, packet: Packet): Outcome {
  return new Walk(model, packet).outcome()
}
