import { once } from 'node:events'
import { createServer } from 'node:http'
import { app } from './service.js'

const server = createServer(async ({ method, url, headers }, response) => {
  const request = new Request(`http://${headers.host}${url}`, { method, headers })
  const answer = await app.fetch(request)
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
})
await once(server.listen(0, '127.0.0.1'), 'listening')
console.log(`http://127.0.0.1:${server.address().port}`)
