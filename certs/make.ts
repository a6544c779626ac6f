// Makes the local authority and the certificates that the tests use: `node certs/make.ts [--out DIR] NAME[,NAME...] ...`.
// Keys are made where they are used and never committed: a key in a repository is a key that everybody has. What is already
// there and still good is left as it is, so that a browser which trusts the authority goes on trusting it.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface Pair {
  /** paths of PEM files */
  readonly certificate: string
  readonly key: string
}

export interface Made {
  readonly authority: Pair
  /** by the first name of each certificate */
  readonly leaves: ReadonlyMap<string, Pair>
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
// RFC 5280 sets no bound; browsers refuse leaves that live longer than 398 days
const LEAF_DAYS = 397
/** what ends sooner than this is made anew */
const SPARE_DAYS = 14

x509.cryptoProvider.set(webcrypto)

/** The authority in `folder` and one certificate for each list of names (host names and addresses), made where missing. */
export async function makeCertificates(folder: string, leaves: readonly (readonly string[])[]): Promise<Made> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const authority = await authorityIn(folder)
  const made = new Map<string, Pair>()
  for (const names of leaves) {
    const first = names[0]
    if (first === undefined) continue
    made.set(first, await leafIn(folder, names, authority))
  }
  return { authority: authority.pair, leaves: made }
}

interface Authority {
  readonly pair: Pair
  readonly certificate: x509.X509Certificate
  readonly key: webcrypto.CryptoKey
}

async function authorityIn(folder: string): Promise<Authority> {
  const pair = pairIn(folder, 'authority')
  const kept = await readCertificate(pair)
  if (kept !== undefined) return { pair, certificate: kept, key: await readKey(pair) }

  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(AUTHORITY_DAYS),
    serialNumber: serial(),
    name: 'CN=Greengate local authority, O=Greengate tests',
    keys,
    signingAlgorithm: CURVE,
    extensions: [
      // path length 0: it may sign certificates, but no further authority
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  await writePair(pair, certificate, keys.privateKey)
  return { pair, certificate, key: keys.privateKey }
}

async function leafIn(folder: string, names: readonly string[], authority: Authority): Promise<Pair> {
  const pair = pairIn(folder, fileName(names[0] ?? ''))
  const kept = await readCertificate(pair)
  if (kept !== undefined && sameNames(kept, names) && (await kept.verify({ publicKey: authority.certificate, signatureOnly: true }))) return pair

  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(LEAF_DAYS),
    serialNumber: serial(),
    subject: [{ CN: [names[0] ?? ''] }],
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    signingAlgorithm: CURVE,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(alternative)),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  // the chain in one file is what a TLS server hands out
  await writePair(pair, certificate, keys.privateKey, authority.certificate)
  return pair
}

function alternative(name: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name }
}

function sameNames(certificate: x509.X509Certificate, names: readonly string[]): boolean {
  const extension = certificate.getExtension(x509.SubjectAlternativeNameExtension)
  const kept = (extension?.names.items ?? []).map((item) => `${item.type}:${item.value}`)
  const wanted = names.map(alternative).map((item) => `${item.type}:${item.value}`)
  return kept.length === wanted.length && wanted.every((name) => kept.includes(name))
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  // an hour back: the clock of the machine that checks may be a little behind
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + days * DAY_MS) }
}

function serial(): string {
  // RFC 5280 4.1.2.2: positive, at most 20 octets
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

function pairIn(folder: string, name: string): Pair {
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
}

/** A name is part of a path here: nothing of it may leave the folder. */
function fileName(name: string): string {
  return name.replace(/^\*\./, 'any.').replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_')
}

/** Undefined when it is not there, unreadable, soon over, or without its key. */
async function readCertificate(pair: Pair): Promise<x509.X509Certificate | undefined> {
  try {
    const certificate = new x509.X509Certificate(firstBlock(await readFile(pair.certificate, 'utf8')))
    await readFile(pair.key)
    return certificate.notAfter.getTime() - Date.now() > SPARE_DAYS * DAY_MS ? certificate : undefined
  } catch {
    return undefined
  }
}

function firstBlock(pem: string): string {
  const end = '-----END CERTIFICATE-----'
  const at = pem.indexOf(end)
  return at < 0 ? pem : pem.slice(0, at + end.length)
}

async function readKey(pair: Pair): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(await readFile(pair.key, 'utf8'))
  return webcrypto.subtle.importKey('pkcs8', der, CURVE, true, ['sign'])
}

async function writePair(pair: Pair, certificate: x509.X509Certificate, key: webcrypto.CryptoKey, issuer?: x509.X509Certificate): Promise<void> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key)
  // cut short in between, it leaves a key without certificate, which the next run makes anew; never two that do not fit
  await rm(pair.certificate, { force: true })
  await replace(pair.key, `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, 0o600)
  const chain = issuer === undefined ? [certificate] : [certificate, issuer]
  await replace(pair.certificate, `${chain.map((one) => one.toString('pem')).join('\n')}\n`, 0o644)
}

/** Written beside and moved over: a reader sees the old file or the new one, and a key is never readable by others, not even shortly. */
async function replace(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.new`
  await writeFile(beside, text, { mode })
  await chmod(beside, mode)
  await rename(beside, path)
}

const USE = `usage: node certs/make.ts [--out DIR] NAME[,NAME...] ...

Makes an authority and, for each argument, one certificate for these host names and addresses.

  --out DIR   the folder to make them in (default: certs/out)

example: node certs/make.ts localhost,127.0.0.1,::1 "*.site.test,site.test"`

async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string', default: join(import.meta.dirname, 'out') }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help === true) {
      console.log(USE)
      return 0
    }
    const leaves = (positionals.length === 0 ? ['localhost,127.0.0.1,::1'] : positionals).map((list) => list.split(',').filter((name) => name !== ''))
    const made = await makeCertificates(resolve(values.out), leaves)
    console.log(`authority  ${made.authority.certificate}`)
    for (const [name, pair] of made.leaves) console.log(`${name}  ${pair.certificate}  ${pair.key}`)
    return 0
  } catch (error) {
    console.error(`certs: ${error instanceof Error ? error.message : String(error)}\n\n${USE}`)
    return 2
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
