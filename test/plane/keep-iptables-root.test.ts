// The confirmed policy at its hours, with iptables, by root: see keeping.ts.
import { keeping } from './keeping.ts'

keeping('iptables', 'root')
