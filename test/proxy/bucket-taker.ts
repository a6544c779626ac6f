// A worker that takes from a shared bucket as long as there is something in it, and says how much it took, from when to when. All begin at once.
import { parentPort, workerData } from 'node:worker_threads'
import { BUCKET_BYTES, Buckets } from '../../src/proxy/buckets.ts'

const { buffer, gate, workers, worker, rate, ms, piece } = workerData as { buffer: SharedArrayBuffer; gate: SharedArrayBuffer; workers: number; worker: number; rate: number; ms: number; piece: number }
const bucket = new Buckets(buffer, 0, worker, 7).bucket({ words: [1, 2], client: undefined }, rate)
let took = 0
const nap = new Int32Array(new SharedArrayBuffer(4))
if (buffer.byteLength < BUCKET_BYTES) throw new Error('too small')
const ready = new Int32Array(gate)
Atomics.add(ready, 0, 1)
Atomics.notify(ready, 0)
for (let seen = Atomics.load(ready, 0); seen < workers; seen = Atomics.load(ready, 0)) Atomics.wait(ready, 0, seen)
const began = Date.now()
while (Date.now() < began + ms) {
  const left = bucket.left()
  if (left > 0) {
    bucket.take(piece)
    took += piece
  } else Atomics.wait(nap, 0, 0, Math.min(20, bucket.waitMs(left)))
}
parentPort?.postMessage([took, began, Date.now()])
