// The lock-out drill with nft: what goes wrong, and the ways out; see drill.ts.
import { drill } from './drill.ts'

drill('nft', 'faults')
