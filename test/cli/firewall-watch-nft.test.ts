// `greengate firewall watch`, and its `--repair`, where the rules are nft's.
import { watching } from './drifting.ts'

watching('nft', false)
watching('nft', true)
