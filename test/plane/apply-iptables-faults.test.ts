// The lock-out drill with iptables: what goes wrong, and the ways out; see drill.ts.
import { drill } from './drill.ts'

drill('iptables', 'faults')
