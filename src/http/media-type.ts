// The media type of a message as a policy names it (RFC 9110 8.3.1): type/subtype in lower case, without parameters.

/**
 * undefined where the field is absent; what is no type/subtype is given as it stands, so that no rule takes it for one. A value with a comma
 * is given whole: some read the first member of a joined list, others the last, and a rule counts every one (RFC 9110 5.3, 8.3).
 */
export function mediaType(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const end = value.includes(',') ? -1 : value.indexOf(';')
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
}
