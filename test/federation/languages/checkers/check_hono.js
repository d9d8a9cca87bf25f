import { createInterface } from 'node:readline'
import { app } from './service.js'

app.get('/claims', (c) => c.json(c.get('jwtPayload')))

for await (const line of createInterface(process.stdin)) {
  const { cookies } = JSON.parse(line)
  const answer = await app.request('/claims', { headers: { cookie: cookies } })
  const said = { 200: async () => ({ claims: await answer.json() }), 401: () => ({ claims: null }) }
  const other = () => ({ error: `status ${answer.status}` })
  console.log(JSON.stringify(await (said[answer.status] ?? other)()))
}
