// Schedules on the wall clocks of several zones: their ends, midnight, and the days on which the clocks change.
import t from 'tap'
import { nextEdge, parseTime, parseWindow, type Schedule, scheduleActive } from '../../src/policy/schedule.ts'

function schedule(timezone: string, ...texts: readonly string[]): Schedule {
  const windows = texts.map((text) => {
    const parsed = parseWindow(text)
    if (!parsed.ok) throw new Error(parsed.problem)
    return parsed.window
  })
  return { name: texts.join(), windows, timezone }
}

function instant(text: string): number {
  const time = parseTime(text, 'UTC')
  if (time === undefined) throw new Error(text)
  return time
}

t.test('a schedule is active', async (t) => {
  const rows: readonly (readonly [zone: string, windows: readonly string[], local: string, active: boolean])[] = [
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T08:00', true],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T07:59:59', false],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T12:29:59', true],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T12:30', false],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-01T09:00', false],
    ['Europe/Berlin', ['mon-fri 08:00-12:30', 'mon-fri 13:30-16:00'], '2026-03-02T13:00', false],
    ['Europe/Berlin', ['mon-fri 08:00-12:30', 'mon-fri 13:30-16:00'], '2026-03-02T15:59', true],
    // over midnight: the day is the one on which it begins
    ['America/New_York', ['fri 22:00-06:00'], '2026-06-05T22:00', true],
    ['America/New_York', ['fri 22:00-06:00'], '2026-06-06T05:59', true],
    ['America/New_York', ['fri 22:00-06:00'], '2026-06-06T06:00', false],
    ['America/New_York', ['fri 22:00-06:00'], '2026-06-05T05:00', false],
    ['America/New_York', ['sun 22:00-06:00'], '2026-06-08T03:00', true],
    ['Asia/Kolkata', ['sat-sun'], '2026-06-06T00:00', true],
    ['Asia/Kolkata', ['sat-sun'], '2026-06-08T00:00', false],
    ['Asia/Kolkata', ['fri-mon 10:00-11:00'], '2026-06-08T10:30', true],
    ['Asia/Kolkata', ['fri-mon 10:00-11:00'], '2026-06-09T10:30', false],
    ['Pacific/Kiritimati', ['mon 00:00-24:00'], '2026-06-08T23:59:59', true],
    // the clocks skip 02:00-03:00: what would begin then begins at 03:00
    ['Europe/Berlin', ['sun 02:30-04:00'], '2026-03-29T03:00', true],
    ['Europe/Berlin', ['sun 02:30-04:00'], '2026-03-29T01:59', false],
    ['Europe/Berlin', ['sun 00:00-03:00'], '2026-03-29T03:00', false],
    ['Australia/Lord_Howe', ['sun 02:00-02:30'], '2026-10-04T02:45', false],
  ]
  for (const [zone, windows, local, active] of rows) {
    const at = parseTime(local, zone)
    t.equal(at === undefined ? undefined : scheduleActive(schedule(zone, ...windows), at), active, `${windows.join(', ')} in ${zone} at ${local}`)
  }
})

t.test('an hour that comes twice is covered twice', async (t) => {
  const night = schedule('Europe/Berlin', 'sun 02:00-03:00')
  for (const at of ['2026-10-25T00:00Z', '2026-10-25T00:59Z', '2026-10-25T01:00Z', '2026-10-25T01:59Z']) t.ok(scheduleActive(night, instant(at)), at)
  t.notOk(scheduleActive(night, instant('2026-10-25T02:00Z')))
})

t.test('the next edge', async (t) => {
  const rows: readonly (readonly [zone: string, windows: readonly string[], after: string, edge: string | undefined])[] = [
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T07:00Z', '2026-03-02T11:30Z'],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T06:59:59.999Z', '2026-03-02T07:00Z'],
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-02T11:30Z', '2026-03-03T07:00Z'],
    // from winter to summer time
    ['Europe/Berlin', ['mon-fri 08:00-12:30'], '2026-03-27T12:00Z', '2026-03-30T06:00Z'],
    ['America/New_York', ['mon 08:00-09:00'], '2026-10-26T13:00Z', '2026-11-02T13:00Z'],
    // swallowed by the change, and back a week later
    ['Europe/Berlin', ['sun 02:00-03:00'], '2026-03-28T12:00Z', '2026-04-05T00:00Z'],
    // two windows that meet have no edge between them
    ['UTC', ['mon 08:00-09:00', 'mon 09:00-10:00'], '2026-03-02T08:30Z', '2026-03-02T10:00Z'],
    ['UTC', ['sat-sun', 'mon 00:00-01:00'], '2026-03-07T12:00Z', '2026-03-09T01:00Z'],
    ['UTC', ['00:00-24:00'], '2026-03-02T08:30Z', undefined],
    ['Asia/Kathmandu', ['daily 06:00-07:00'], '2026-03-02T00:00Z', '2026-03-02T00:15Z'],
  ]
  for (const [zone, windows, after, edge] of rows) {
    const found = nextEdge(schedule(zone, ...windows), instant(after))
    t.equal(found === undefined ? undefined : new Date(found).toISOString(), edge === undefined ? undefined : new Date(edge).toISOString(), `${windows.join(', ')} in ${zone} after ${after}`)
  }
})

t.test('at an edge the schedule changes, and between edges it does not', async (t) => {
  for (const zone of ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'UTC']) {
    const lessons = schedule(zone, 'mon-fri 08:00-12:30', 'fri 22:00-03:00', 'sun 01:30-02:30')
    let at = instant('2026-03-20T00:00Z')
    for (let edges = 0; edges < 30; edges++) {
      const edge = nextEdge(lessons, at)
      if (edge === undefined) throw new Error('no edge')
      const before = scheduleActive(lessons, at)
      t.equal(scheduleActive(lessons, edge), !before, `${zone} ${new Date(edge).toISOString()}`)
      for (let probe = at; probe < edge; probe += 41 * 60_000) if (scheduleActive(lessons, probe) !== before) t.fail(`${zone} ${new Date(probe).toISOString()}`)
      at = edge
    }
  }
})

t.test('times', async (t) => {
  const rows: readonly (readonly [text: string, zone: string, instant: string | undefined])[] = [
    ['2026-03-01', 'UTC', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01', 'Europe/Berlin', '2026-02-28T23:00:00.000Z'],
    ['2026-07-01', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-03-01T08:30', 'Asia/Kolkata', '2026-03-01T03:00:00.000Z'],
    ['2026-03-01 08:30:15', 'Asia/Kolkata', '2026-03-01T03:00:15.000Z'],
    ['2026-03-01T08:30Z', 'Asia/Kolkata', '2026-03-01T08:30:00.000Z'],
    ['2026-03-01T08:30+01:00', 'Asia/Kolkata', '2026-03-01T07:30:00.000Z'],
    ['2026-03-01T08:30-0330', 'UTC', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T08:30:00.25Z', 'UTC', '2026-03-01T08:30:00.250Z'],
    ['2026-03-01T24:00', 'UTC', '2026-03-02T00:00:00.000Z'],
    // skipped by the clocks: read as the clock that was not yet set; twice: the first
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
    ['2026-02-29', 'UTC', undefined], ['2026-13-01', 'UTC', undefined], ['2026-03-01T25:00', 'UTC', undefined], ['2026-03-01T08:60', 'UTC', undefined],
    ['2026-03-01T24:01', 'UTC', undefined], ['01.03.2026', 'UTC', undefined], ['tomorrow', 'UTC', undefined], ['', 'UTC', undefined], ['2026-3-1', 'UTC', undefined],
  ]
  for (const [text, zone, expected] of rows) {
    const time = parseTime(text, zone)
    t.equal(time === undefined ? undefined : new Date(time).toISOString(), expected, `${text} in ${zone}`)
  }
})

t.test('windows', async (t) => {
  const every = 0b111_1111
  const rows: readonly (readonly [text: string, days: number, start: number, end: number])[] = [
    ['mon-fri 08:00-12:30', 0b001_1111, 480, 750], ['Mon-Fri 8:00 - 12:30', 0b001_1111, 480, 750], ['monday 08:00-09:00', 1, 480, 540],
    ['sat-sun', 0b110_0000, 0, 1440], ['fri-mon', 0b111_0001, 0, 1440], ['22:00-06:00', every, 1320, 360], ['daily 22:00-24:00', every, 1320, 1440],
    ['mon,wed,fri 08:00-09:00', 0b001_0101, 480, 540], ['mon, wed 08:00-09:00', 0b000_0101, 480, 540], ['sun 08:00–09:00', 0b100_0000, 480, 540],
  ]
  for (const [text, days, startMinute, endMinute] of rows) t.strictSame(parseWindow(text), { ok: true, window: { days, startMinute, endMinute } }, text)
  for (const text of ['', 'moon', 'm 08:00-09:00', 'mon 8-9', 'mon 08:00', 'mon 25:00-26:00', 'mon 08:60-09:00', 'mon 24:00-08:00', 'mon 08:00-08:00', '08:00-09:00 mon', 'mon-', 'mon-tue-wed', 'mon 08:00-09:00-10:00']) {
    t.notOk(parseWindow(text).ok, text)
  }
})
