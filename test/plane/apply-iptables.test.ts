// The lock-out drill with iptables: see drill.ts.
import { drill } from './drill.ts'

drill('iptables')
