// `greengate firewall diff` where the rules are nft's.
import { differing } from './drifting.ts'

differing('nft')
