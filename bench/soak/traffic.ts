import { setTimeout as sleep } from 'node:timers/promises'
import { Person, type World } from './person.ts'

const PEOPLE_PER_PLACE = 20
/** Between two things that somebody does, at most. */
const MOST_PAUSE_MS = 500

/** People who use all apps at once, until they are told to rest. */
export class Traffic {
  readonly #people: readonly Person[]

  constructor(worlds: readonly World[]) {
    this.#people = worlds.flatMap((world) =>
      Array.from({ length: PEOPLE_PER_PLACE }, (_, number) => new Person(world, `user-${number}`)),
    )
  }

  /** @returns when nobody waits for an answer any more */
  async runFor(milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds
    const run = async (person: Person): Promise<void> => {
      while (Date.now() < end) {
        await person.act()
        await sleep(Math.random() * MOST_PAUSE_MS)
      }
    }
    await Promise.all(this.#people.map(run))
  }
}
