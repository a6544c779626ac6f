// The environment in which the machine's tools are started: the path where administrators' tools are, and plain words and times. Danger
// prevented: a listing in the words or the time zone of whoever called us, read as something else.

/** Folders that `su` and cron leave out are looked into last. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: 'C', TZ: 'UTC' }
}
