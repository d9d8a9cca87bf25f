import { createInterface } from 'node:readline'
import { app } from './service.js'

app.get('/claims', ({ user }) => user)

for await (const line of createInterface(process.stdin)) {
  const { cookies } = JSON.parse(line)
  const answer = await app.inject({ url: '/claims', headers: { cookie: cookies } })
  const said = { 200: () => ({ claims: answer.json() }), 401: () => ({ claims: null }) }
  const other = () => ({ error: `status ${answer.statusCode}` })
  console.log(JSON.stringify((said[answer.statusCode] ?? other)()))
}
