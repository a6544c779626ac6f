// `greengate firewall watch`, and its `--repair`, where the rules are iptables's.
import { watching } from './drifting.ts'

watching('iptables', false)
watching('iptables', true)
