import { describe } from 'node:test'
import { Kit } from './kit.ts'
import { EXPRESS_VERSIONS, SUBJECTS } from './subjects.ts'
import { objects } from './suite-objects.ts'
import { options } from './suite-options.ts'
import { request } from './suite-request.ts'
import { response } from './suite-response.ts'
import { session } from './suite-session.ts'

for (const subject of SUBJECTS) {
  describe(subject.name, () => {
    for (const { name, express } of EXPRESS_VERSIONS) {
      const kit = new Kit(subject, express)
      describe(name, () => {
        if (name === 'Express 5') objects(kit)
        options(kit)
        request(kit)
        session(kit)
        response(kit)
      })
    }
  })
}
