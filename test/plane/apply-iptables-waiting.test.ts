// The lock-out drill with iptables: how an apply ends; see drill.ts.
import { drill } from './drill.ts'

drill('iptables', 'waiting')
