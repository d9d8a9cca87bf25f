import { createInterface } from 'node:readline'
import { whoIs } from './session.js'

for await (const line of createInterface(process.stdin)) {
  const { cookies } = JSON.parse(line)
  const answer = await whoIs(cookies).then(
    (claims = null) => ({ claims }),
    (error) => ({ error: String(error) }),
  )
  console.log(JSON.stringify(answer))
}
