// The confirmed policy at its hours, with nft, by root: see keeping.ts.
import { keeping } from './keeping.ts'

keeping('nft', 'root')
