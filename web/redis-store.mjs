// SPDX-License-Identifier: MIT
// @ts-check
// Spent nonces in Redis, for several servers: `client` is one of @redis/client, or of redis.

/** @param {{set(key: string, value: string, options: object): Promise<string | null>}} client
 * @returns {import('../js/server/server.js').NonceStore} */
export const redisStore = (client) => ({
  async spend(nonce, ttlMs) {
    const condition = { NX: true, PX: ttlMs }; // one step: only the first of two at once is told OK
    return (await client.set(`livedepth:${nonce}`, '', condition)) === 'OK';
  },
});
