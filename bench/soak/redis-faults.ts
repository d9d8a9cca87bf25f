import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, FaultProxy } from '../../test/support/fault-proxy.ts'
import { type RunningServer, redis } from '../../test/support/servers.ts'

const FAULTS: readonly Fault[] = [
  { kind: 'reset', at: 'request' },
  { kind: 'reset', at: 'reply' },
  { kind: 'silence' },
  { kind: 'delay', ms: 100 },
  { kind: 'truncate' },
  { kind: 'refuse' },
]
const FAULT_MS = 50

/** A Redis, to which the network fails for a share of the time. */
export class FaultyRedis {
  readonly #server: RunningServer
  readonly #proxy: FaultProxy
  readonly #share: number

  private constructor(server: RunningServer, proxy: FaultProxy, share: number) {
    this.#server = server
    this.#proxy = proxy
    this.#share = share
  }

  /** @returns undefined where Redis is not installed */
  static async start(share: number): Promise<FaultyRedis | undefined> {
    if (redis.needed().skip !== undefined) return undefined
    const server = await redis.start()
    return new FaultyRedis(server, await FaultProxy.start(server.port), share)
  }

  get port(): number {
    return this.#proxy.port
  }

  /** To be called again and again: most of the time nothing happens. */
  async failSometimes(passed: number): Promise<void> {
    if (Math.random() > (passed * this.#share) / FAULT_MS) return
    await this.#proxy.fail(FAULTS[Math.floor(Math.random() * FAULTS.length)]!)
    await sleep(FAULT_MS)
    await this.#proxy.heal()
  }

  async stop(): Promise<void> {
    await this.#proxy.stop()
    await this.#server.stop()
  }
}
