// A worker that takes from a shared bucket as long as there is something in it, and says how much it took.
import { parentPort, workerData } from 'node:worker_threads'
import { BUCKET_BYTES, Buckets } from '../../src/proxy/buckets.ts'

const { buffer, worker, rate, until, piece } = workerData as { buffer: SharedArrayBuffer; worker: number; rate: number; until: number; piece: number }
const bucket = new Buckets(buffer, 0, worker, 7).bucket({ words: [1, 2], client: undefined }, rate)
let took = 0
const nap = new Int32Array(new SharedArrayBuffer(4))
if (buffer.byteLength < BUCKET_BYTES) throw new Error('too small')
while (Date.now() < until) {
  const left = bucket.left()
  if (left > 0) {
    bucket.take(piece)
    took += piece
  } else Atomics.wait(nap, 0, 0, Math.min(20, bucket.waitMs(left)))
}
parentPort?.postMessage(took)
