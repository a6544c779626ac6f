// Does a name look as if no person had chosen it? By what its longest label is made of: hexadecimal digits, letters and digits mixed, pairs of letters
// that no word has. Danger prevented: names that carry data out, or that a program makes up anew each day, taken for places that somebody visits.

/** The pairs of letters that are frequent in words and in names of sites. */
const PAIRS = new Set(('th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik dd pd')
  .split(' '))

const LONG = 10

function pairShare(letters: string): number {
  let known = 0
  for (let at = 0; at + 1 < letters.length; at++) if (PAIRS.has(letters.slice(at, at + 2))) known++
  return letters.length < 2 ? 1 : known / (letters.length - 1)
}

export function isRandomLabel(label: string): boolean {
  if (label.startsWith('xn--')) return false
  const plain = label.toLowerCase()
  // a word between hyphens is a person's: the longest part counts
  const part = plain.split(/[-_]+/).reduce((longest, each) => (each.length > longest.length ? each : longest), '')
  if (part.length < LONG) return plain.length >= 24 && /^[0-9a-f-]+$/.test(plain)
  if (/^[0-9a-f]+$/.test(part) && /\d/.test(part) && part.length >= 12) return true
  const turns = part.match(/\d+|[a-z]+/g)?.length ?? 1
  const digits = part.replace(/\D/g, '').length
  if (turns >= 5 && digits >= 3) return true
  const letters = part.replace(/[^a-z]/g, '')
  if (letters.length < LONG) return false
  const vowels = letters.replace(/[^aeiouy]/g, '').length / letters.length
  return pairShare(letters) < 0.4 || vowels < 0.15 || /[^aeiouy]{7}/.test(letters)
}

/** `suffix`: what stands right of the labels that somebody chose freely. */
export function isRandomName(name: string, suffix = ''): boolean {
  const own = suffix !== '' && name.endsWith(`.${suffix}`) ? name.slice(0, -suffix.length - 1) : name
  return own.split('.').some(isRandomLabel)
}
