// SPDX-License-Identifier: MIT
// Types of server.js, the entry of the package for servers.

import type { Reason, Verdict } from '../engine/engine.js';
import type { LoadOptions } from '../node/node.js';

export { DEFAULT_MODEL, LivenessError } from '../node/node.js';
export type { Reason, Stage, Verdict } from '../engine/engine.js';

/** Which nonces were spent. What one server spends, every other one must see. */
export interface NonceStore {
  /** True for the first call with this nonce, false for every other within ttlMs, also if they come
   * at once; after that the nonce may be forgotten. ttlMs: twice the verifier's, since servers' clocks
   * may disagree. */
  spend(nonce: string, ttlMs: number): Promise<boolean>;
}

/** The store of one process, for up to a million records in that time (then API_BUSY). It spends no
 * nonce that was issued before it was made: after a restart those that are under way begin anew.
 * Several processes with one secret need a store that they share. */
export function memoryStore(): NonceStore;

export interface VerifierOptions {
  /** As of loadLiveness() of livedepth/node, and the same as in the page. */
  model?: LoadOptions['model'];
  /** Signs nonces: at least 16 bytes, the same for all servers, copied. Default: random, for one
   * process. With one secret for several processes (servers, workers of a cluster) give a store. */
  secret?: string | Uint8Array;
  /** Default: memoryStore(). */
  store?: NonceStore;
  /** Milliseconds from issue() to verify(). Default 180000. */
  ttlMs?: number;
  /** Of a record. Default 4 MiB. */
  maxBytes?: number;
  /** Records that come in, wait or are at work; further ones are refused with API_BUSY, before their
   * bodies are read. So bodies take at most queue times maxBytes. Default 64. */
  queue?: number;
  /** Workers. Default: one for each core. */
  size?: number;
  /** For a record to come, for the store, and for the networks. Default 120000. */
  timeoutMs?: number;
  /** As of a session, and the same as in the page: a record that was decided otherwise is refused. */
  liveThreshold?: number;
  spoofThreshold?: number;
  clips?: number;
}

/** What the server found itself: plain data. */
export interface Verified {
  verdict: Verdict;
  /** Why undecided; else null. */
  reason: Reason | null;
  /** 0 attack .. 1 live; null if the network's numbers ran away. */
  score: number | null;
  scores: Record<string, number | null>;
  votes: Record<string, number | null>;
  thresholds: { live: number; spoof: number };
  /** What the page says of its camera (CameraSignals of livedepth/camera), or null: hints that nobody
   * vouches for, for a server to weigh and never a verdict. */
  signals: Record<string, boolean | null> | null;
}

export interface Verifier {
  /** Records that come in, wait or are at work. */
  readonly pending: number;
  /** A nonce for one session. subject: whom it is for (a user, a login), up to 1000 characters; a
   * record with this nonce is accepted for the same subject alone. */
  issue(subject?: string): string;
  /**
   * Checks a record and computes its answer anew. Rejects with a LivenessError: RECORD_* for a record
   * that is refused for good, API_BUSY where the queue is full (the nonce is not spent), ENV_TIMEOUT
   * for a record or a store that takes too long, ENV_FETCH for a store that fails.
   *
   * record: its bytes, or a stream of them, such as a request of node:http.
   */
  verify(record: Uint8Array | AsyncIterable<Uint8Array>, subject?: string): Promise<Verified>;
  /** Ends the workers and all waits, which fail with API_CLOSED. Twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function createVerifier(options?: VerifierOptions): Promise<Verifier>;
