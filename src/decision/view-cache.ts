// What a policy means for one client at one of the gateway's addresses, kept for its next request. Danger prevented: asking every
// rule's `from` on every request, and a cache that grows with every address that ever asked.
import type { Ip } from '../net/ip.ts'
import type { Client } from './facts.ts'
import type { ClientView } from './view.ts'

const MOST_VIEWS = 4096

export class ViewCache {
  /** by the connection's own client value: no text is built on a kept connection */
  readonly #byClient = new WeakMap<Client, ClientView>()
  /** insertion order is age; a view that is used again moves to the young end */
  readonly #byText = new Map<string, ClientView>()

  get(client: Client, via: Ip, make: () => ClientView): ClientView {
    const near = this.#byClient.get(client)
    if (near !== undefined && near.via.text === via.text) return near
    const key = `${client.address.text} ${client.mac ?? ''} ${via.text}`
    let view = this.#byText.get(key)
    if (view === undefined) {
      view = make()
      if (this.#byText.size >= MOST_VIEWS) for (const oldest of this.#byText.keys()) { this.#byText.delete(oldest); break }
    } else {
      this.#byText.delete(key)
    }
    this.#byText.set(key, view)
    this.#byClient.set(client, view)
    return view
  }
}
