// The last word to a client that speaks TLS with somebody else and is refused: it reads no page of ours. Danger prevented: a refusal that looks
// like a fault of the network.
import { type Peer, TLS_PORT } from './peer.ts'

const ACCESS_DENIED = 49
const INTERNAL_ERROR = 80

/** RFC 8446 6.2, in the clear as before any keys; `page` for who speaks HTTP. */
export function inTheirTongue({ original }: Peer, page: Buffer, denied: boolean): Buffer {
  return original?.port === TLS_PORT ? Buffer.from([21, 3, 1, 0, 2, 2, denied ? ACCESS_DENIED : INTERNAL_ERROR]) : page
}
