// `greengate firewall diff` where the rules are iptables's.
import { differing } from './drifting.ts'

differing('iptables')
