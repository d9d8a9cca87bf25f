// One server in a process of its own, which tells its parent its port, and what it used when asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Places, type Server, createApp } from './apps.ts'

/** What a server has used since it began. */
export interface Usage {
  /** CPU time of the whole process, in µs. */
  readonly cpu: number
  readonly requests: number
}

const [kind, places] = process.argv.slice(2) as [Server, string]
const app = await createApp(kind, JSON.parse(places) as Places)
let requests = 0

const server = createServer((request, response) => {
  requests++
  app(request, response)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

process.on('message', (message) => {
  if (message !== 'usage') return
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, requests } satisfies Usage)
})
process.on('disconnect', () => process.exit())
