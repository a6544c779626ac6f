// How the engine keeps what a gateway makes. Danger prevented: memory, and a tenth of all time, for what is long closed. V8 notes which pieces of code
// made objects that lived through a young collection, as all did while nothing was compiled yet, and then makes such objects old from the
// start; an old one, closed or not, holds the young ones that it names until the next full collection. Here nearly all objects live as long as
// a request or a connection: they belong to the young.
import { setFlagsFromString } from 'node:v8'

/** For all threads of the process: before the first worker. Whoever knows better says so on Node's command line (NODE_OPTIONS does not take it). */
export function keepYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
