// The lock-out drill with nft: see drill.ts.
import { drill } from './drill.ts'

drill('nft')
