// A service beside the apps, which only verifies. It tells its parent its port, and how it fares.
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from 'symbolon/verify'
import { vitals } from './vitals.ts'

const KEEP_ALIVE_MS = 1000
/** So few tokens that they are all remembered, and others forgotten, within minutes. */
const CACHE_SIZE = 500

const apps = JSON.parse(process.argv[2]!) as Readonly<Record<string, number>>
const verifiers = new Map(
  Object.entries(apps).map(([place, port]) => {
    const app = `http://127.0.0.1:${port}`
    return [`/${place}`, createVerifier({ app, cooldown: '2s', cacheSize: CACHE_SIZE })]
  }),
)

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  void answer(request, response)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('message', () => process.send?.(vitals()))
process.on('disconnect', () => process.exit())

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { claims, reason } = await verifiers.get(request.url!)!.check(request)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ user: claims?.['userId'], reason }))
}
