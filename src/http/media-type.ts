// The media type of a message as a policy names it (RFC 9110 8.3.1): type/subtype in lower case, without parameters.

/** undefined where the field is absent; what is no type/subtype is given as it stands, so that no rule takes it for one. */
export function mediaType(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  let end = value.indexOf(';')
  if (end < 0) end = value.length
  // browsers read the first member of a joined list
  const comma = value.indexOf(',')
  if (comma >= 0 && comma < end) end = comma
  return value.slice(0, end).trim().toLowerCase()
}
