import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import type { Store } from 'symbolon'
import { recordValue, userName } from '../../src/stores/redis/values.ts'
import { LOOPBACK } from '../../test/support/servers.ts'
import { type Filling, idOf, recordOf, userOf } from '../stores/filling.ts'

/** So many sessions are written at once. */
const AT_ONCE = 2000

/**
 * Redis' mass insertion: what the store's own commands would leave there, without asking for replies.
 *
 * @param store for the names of its keys
 */
export async function fillRedis(
  store: Store,
  port: number,
  prefix: string,
  { from, count }: Filling,
): Promise<void> {
  const socket = connect(port, LOOPBACK)
  await once(socket, 'connect')
  socket.write(command('CLIENT', 'REPLY', 'OFF'))
  for (let done = 0; done < count; done += AT_ONCE) {
    const some = Math.min(AT_ONCE, count - done)
    const texts = Array.from({ length: some }, (_, n) => session(store, prefix, from + done + n))
    await written(socket, texts.join(''))
  }
  const replied = once(socket, 'data')
  socket.write(command('CLIENT', 'REPLY', 'ON'))
  await replied
  socket.destroy()
}

function session(store: Store, prefix: string, number: number): string {
  const name = store.handle!(idOf(number))
  const record = recordOf(number)
  const expires = String(record.expires)
  const user = `${prefix}user:{${userName(userOf(number))}}`
  return (
    command('SET', prefix + name, recordValue(name, record), 'PXAT', expires) +
    command('ZADD', user, expires, name) +
    command('PEXPIREAT', user, expires)
  )
}

/** As Redis reads it: RESP, all of it ASCII here. */
function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

async function written(socket: Socket, text: string): Promise<void> {
  if (!socket.write(text)) await once(socket, 'drain')
}
