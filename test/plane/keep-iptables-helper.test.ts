// The confirmed policy at its hours, with iptables, by the helper: see keeping.ts.
import { keeping } from './keeping.ts'

keeping('iptables', 'helper')
