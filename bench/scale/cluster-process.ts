// So many processes of one app, by node:cluster. They tell their parent their port, and what they
// have used together when asked.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Request, RequestHandler } from 'express'
import { createSessions, type Store } from 'symbolon'
import { sessionMiddleware } from 'symbolon/express'
import { expressApp } from '../http/hosts/express.ts'
import { ourWords } from '../http/ours.ts'
import type { Usage } from '../http/server-process.ts'
import { OUR_STORES, type Places } from '../http/stores.ts'
import { NO_SESSIONS } from '../http/words.ts'

/** What the processes of one app have in common. */
export interface Site {
  readonly workers: number
  /** `bare`: without sessions. */
  readonly store: 'bare' | 'redis' | 'postgres'
  readonly places: Places
  /** In ms. */
  readonly maxStale: number
  /** A private JWK. */
  readonly keys: object
}

const site = JSON.parse(process.argv[2]!) as Site
if (cluster.isPrimary) await lead()
else await work()

async function lead(): Promise<void> {
  const workers = Array.from({ length: site.workers }, () => cluster.fork())
  const ports = await Promise.all(workers.map((worker) => hear<number>(worker)))
  process.send?.(ports[0])
  process.on('message', () => {
    void Promise.all(workers.map(usageOf)).then((usages) => process.send?.(usages.reduce(added)))
  })
  process.on('disconnect', () => {
    for (const worker of workers) worker.process.kill()
    process.exit()
  })
}

async function hear<Answer>(worker: Worker): Promise<Answer> {
  const [answer] = (await once(worker, 'message')) as [Answer]
  return answer
}

function usageOf(worker: Worker): Promise<Usage> {
  worker.send('usage')
  return hear<Usage>(worker)
}

function added(one: Usage, other: Usage): Usage {
  return {
    cpu: one.cpu + other.cpu,
    requests: one.requests + other.requests,
    memory: one.memory + other.memory,
  }
}

async function work(): Promise<void> {
  const app = site.store === 'bare' ? expressApp(NO_SESSIONS) : await appOn(site.store)
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    app(request, response)
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage.rss()
    process.send?.({ cpu: user + system, requests, memory } satisfies Usage)
  })
}

async function appOn(name: 'redis' | 'postgres'): Promise<ReturnType<typeof expressApp>> {
  const { keys, maxStale, places } = site
  const store: Store = await OUR_STORES[name](places)
  const fields = [
    ['id', 'uid', 'userId'],
    ['roles', 'r', 'roles'],
  ] as const
  const middleware = sessionMiddleware(createSessions({ keys, fields, store, maxStale }))
  return expressApp({
    mount: (app) => app.use(middleware as RequestHandler),
    words: ourWords<Request>((request) => request),
  })
}
