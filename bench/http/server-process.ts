// One server in a process of its own, which tells its parent its port, and what it used when asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Server, appOf } from './apps.ts'
import type { Places } from './stores.ts'

/** What a server has used since it began. */
export interface Usage {
  /** CPU time of the whole process, in µs. */
  readonly cpu: number
  readonly requests: number
  /** The memory that the process holds now (RSS), in bytes. */
  readonly memory: number
}

const [kind, places] = process.argv.slice(2) as [Server, string]
const app = await appOf(kind).listener(JSON.parse(places) as Places)
let requests = 0

const server = createServer((request, response) => {
  requests++
  app(request, response)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

process.on('message', (message) => {
  if (message !== 'usage') return
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage.rss()
  process.send?.({ cpu: user + system, requests, memory } satisfies Usage)
})
process.on('disconnect', () => process.exit())
