import { SessionError } from '../errors.ts'

/**
 * How a column without a zone holds a time: `YYYY-MM-DD HH:MM:SS[.ffffff]`, in UTC or, under
 * `USE_TZ = False`, by the clock of `TIME_ZONE`. In SQLite Django compares the texts, so that no
 * other form will do.
 */
export class ColumnTime {
  readonly #zone: Intl.DateTimeFormat | undefined

  /** @param zone an IANA name; undefined for UTC. @throws SessionError `invalid_option` */
  constructor(zone: string | undefined) {
    this.#zone = zone === undefined ? undefined : formatOf(zone)
  }

  /** @param time in ms since 1970 */
  text(time: number): string {
    const iso = new Date(time + this.#offset(time)).toISOString()
    return iso
      .slice(0, 23)
      .replace('T', ' ')
      .replace('.000', '')
      .replace(/(\.\d{3})$/, '$1000')
  }

  /** @returns ms since 1970; undefined for a text of another form */
  read(text: string): number | undefined {
    const [, date, clock, fraction = ''] = FORM.exec(text) ?? []
    const local = Date.parse(`${date}T${clock}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
    if (Number.isNaN(local)) return undefined
    // An hour that the clock shows twice is taken for the first, as the offset before it says.
    return local - this.#offset(local - this.#offset(local))
  }

  /** What the local clock is ahead of UTC, in ms. */
  #offset(time: number): number {
    if (this.#zone === undefined) return 0
    const parts = this.#zone.formatToParts(time)
    const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value)
    const clock = [part('hour'), part('minute'), part('second')] as const
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), ...clock)
    return local - Math.floor(time / 1000) * 1000
  }
}

const FORM = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric'
  const date = { year: numeric, month: numeric, day: numeric } as const
  const clock = { hour: numeric, minute: numeric, second: numeric, hourCycle: 'h23' } as const
  try {
    return new Intl.DateTimeFormat('en-u-ca-iso8601', { ...date, ...clock, timeZone })
  } catch (cause) {
    const message = "timeZone must be Django's TIME_ZONE, such as Europe/Berlin"
    throw new SessionError('invalid_option', message, { cause })
  }
}
