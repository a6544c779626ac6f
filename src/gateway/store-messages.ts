// What the main thread and the store's thread say to each other.
import type { Keep } from './store-keep.ts'

export interface StoreStart {
  readonly path: string
  readonly keep: Keep
}

export type ToStore =
  /** whole lines of the event log */
  | { readonly kind: 'lines'; readonly text: string; readonly lines: number }
  /** requests that left no line, for the report to say so */
  | { readonly kind: 'lost'; readonly time: number; readonly count: number }
  /** write what waits, and end */
  | { readonly kind: 'end' }

export type FromStore =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly message: string }
  /** these have been written, or were none */
  | { readonly kind: 'written'; readonly characters: number; readonly lines: number }
  | { readonly kind: 'trouble'; readonly message: string }
  | { readonly kind: 'well' }
