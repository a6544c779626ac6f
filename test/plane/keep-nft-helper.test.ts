// The confirmed policy at its hours, with nft, by the helper: see keeping.ts.
import { keeping } from './keeping.ts'

keeping('nft', 'helper')
