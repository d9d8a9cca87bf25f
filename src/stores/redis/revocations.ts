import { randomUUID } from 'node:crypto'
import type { RevocationLog } from '../../session/record.ts'
import type { Resending } from './resending.ts'
import { LOG_ADD, LOG_SINCE } from './scripts.ts'
import type { RedisPlace } from './sessions.ts'

/** Under one key, so that its generation and its numbers are lost together or not at all. */
export function redisRevocations(place: RedisPlace, resending: Resending): RevocationLog {
  const { connection, prefix, channel, now } = place
  const keys = [`${prefix}revocations`]
  const telling = [channel, 'revocation']

  return {
    add: (text, expires) =>
      connection.within(async () => {
        const entry = `${Math.ceil(expires)} ${text}`
        const add = (known: string): Promise<string[]> =>
          connection.run(LOG_ADD, keys, [randomUUID(), known, entry, ...telling])
        let [number = ''] = await add('')
        resending.remember(entry, async () => {
          if (expires > now()) [number = ''] = await add(number)
        })
      }),

    since: (after) =>
      connection.within(async () => {
        const [generation = '', last, ...rest] = await connection.run(LOG_SINCE, keys, [
          randomUUID(),
          after,
        ])
        const entries = Array.from({ length: rest.length / 2 }, (_, index) => ({
          number: Number(rest[2 * index]),
          text: String(rest[2 * index + 1]).replace(/^\d+ /, ''),
        }))
        return { generation, last: Number(last), entries }
      }),
  }
}
