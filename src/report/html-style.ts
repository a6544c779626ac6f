// How a report looks: light and dark as the reader's machine is set, and on paper. Nothing is fetched: the file can be mailed and read in ten years.

export const STYLE = `
:root { --back: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #5d6878; --line: #e3e7ed; --allowed: #2f7de1; --denied: #d6453d; --failed: #e0a020; --bar: #2f7de122; --out: #2f9e86; --in: #8a63d2 }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #97a3b4; --line: #2b3441; --allowed: #5a9df5; --denied: #f0655c; --failed: #e9b64a; --bar: #5a9df526; --out: #45bfa2; --in: #a98af0 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 17px; margin: 0 0 10px } h3 { font-size: 14px; margin: 14px 0 4px; color: var(--soft) }
.when { color: var(--soft); margin: 2px 0 20px }
nav { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 0 0 18px; font-size: 13px } a { color: var(--allowed); text-decoration: none }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin: 0 0 16px; overflow-x: auto }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(126px, 1fr)); gap: 12px; margin: 0 0 16px }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 13px } .tile b { display: block; font-size: 22px; white-space: nowrap; line-height: 1.25 } .tile span { color: var(--soft); font-size: 13px }
table { border-collapse: collapse; width: 100%; font-size: 13.5px } th { text-align: left; color: var(--soft); font-weight: 500; white-space: nowrap }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top } tr:last-child td { border-bottom: 0 }
td:first-child { max-width: 420px; overflow-wrap: anywhere } .r { text-align: right; white-space: nowrap } td.bar { padding-left: 6px; background: linear-gradient(to right, var(--bar) var(--share), transparent 0) }
#summary tbody { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); column-gap: 44px } #summary tr { display: flex; justify-content: space-between; border-bottom: 1px solid var(--line) } #summary td { border: 0; padding-right: 0 }
td.bad { color: var(--denied) } .more { color: var(--soft); font-size: 13px; margin: 8px 0 0 }
svg { width: 100%; height: auto; display: block } svg.small { max-width: 300px } svg text { fill: var(--soft); font-size: 11px }
.grid { stroke: var(--line) } .allowed { fill: var(--allowed) } .denied { fill: var(--denied) } .failed { fill: var(--failed) } .bytesOut { fill: var(--out) } .bytesIn { fill: var(--in) } .tip { fill: transparent } .heat { fill: var(--allowed); stroke: var(--line); stroke-width: .5 }
.key { color: var(--soft); font-size: 13px; margin: 8px 0 0 } .key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin: 0 5px 0 14px } .key i:first-child { margin-left: 0 }
details { border-bottom: 1px solid var(--line) } details:last-child { border: 0 } summary { cursor: pointer; padding: 7px 0 } summary span { color: var(--soft); font-size: 13px; margin-left: 10px } details[open] { padding-bottom: 14px }
@media print { :root { --back: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --allowed: #2f6fc4; --denied: #c22f27; --failed: #c58a10; --bar: #2f6fc41c; --out: #23806b; --in: #6d48b5 }
  body { font-size: 11px } main { max-width: none; padding: 0 } nav { display: none } section, .tile { border: 0; border-radius: 0; padding: 0; break-inside: avoid-page } section { margin: 0 0 22px; overflow: visible }
  h2, h3 { break-after: avoid } .tiles { grid-template-columns: repeat(7, auto) } .tile b { font-size: 15px } .tile span, table, .key, .more { font-size: 11px } #summary tbody { grid-template-columns: 1fr 1fr } section.long { break-inside: auto } tr, svg { break-inside: avoid }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact } details > * { display: block } details::details-content { content-visibility: visible; height: auto } summary { break-after: avoid } @page { margin: 14mm } }
`
