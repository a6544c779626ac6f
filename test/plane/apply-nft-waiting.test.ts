// The lock-out drill with nft: how an apply ends; see drill.ts.
import { drill } from './drill.ts'

drill('nft', 'waiting')
