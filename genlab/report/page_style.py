"""The style sheet of a report page: readable from a telephone to a wide screen, in light and in dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --ink: #1b1f24; --quiet: #57606a; --line: #d5dae0; --box: #f5f7f9; --link: #0550ae;
  --holds: #0b6b32; --holds-ground: #dff5e5; --fails: #a3122a; --fails-ground: #fde4e6;
  --open: #6a4b00; --open-ground: #fcf0cf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --ink: #e4e7eb; --quiet: #a3acb7; --line: #363d46; --box: #1d2127; --link: #79b8ff;
    --holds: #7ee2a0; --holds-ground: #123821; --fails: #ffa3ab; --fails-ground: #4b161d;
    --open: #f2cf75; --open-ground: #423207;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 78rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 48rem; margin: .5rem 0; }
.quiet { color: var(--quiet); }
.question { font-size: 1.15rem; margin: 1rem 0; }
.notice { padding: .6rem .9rem; border-left: 4px solid; background: var(--open-ground); color: var(--open); }
a { color: var(--link); }
.box { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
.box:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.results { max-height: 36rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child > * { border-bottom: 0; }
thead th { background: var(--box); font-weight: 600; font-size: .875rem; vertical-align: bottom; }
tbody th { font-weight: 400; }
.results thead th { position: sticky; top: 0; box-shadow: inset 0 -1px var(--line); }
.results td, .results tbody th, .plain td, .plain tbody th { font-size: .875rem; }
.results td, .results tbody th, td.number { white-space: nowrap; }
.number { text-align: right; }
.claims td:nth-child(2) { min-width: 11rem; }
.claims td.number { white-space: normal; }
.claims td[data-column="Chance"] { min-width: 8rem; }
.claims tbody th { min-width: 15rem; }
.claims small { display: block; color: var(--quiet); font-size: .84rem; margin-top: .25rem; }
.verdict { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-weight: 600; white-space: nowrap; }
.holds { color: var(--holds); background: var(--holds-ground); }
.fails { color: var(--fails); background: var(--fails-ground); }
.open { color: var(--open); background: var(--open-ground); }
figure { margin: 1.25rem 0 2rem; }
figure .box { background: #ffffff; padding: .5rem; width: fit-content; max-width: 100%; }
figure img { display: block; height: auto; max-width: 100%; }
figcaption { margin-top: .5rem; max-width: 48rem; color: var(--quiet); font-size: .9rem; }
details { margin: .75rem 0; }
summary { cursor: pointer; font-weight: 600; }
pre, code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .84rem; }
pre { overflow: auto; max-height: 30rem; margin: .5rem 0; padding: .75rem; }
pre { background: var(--box); border-radius: .5rem; }
dl { display: grid; grid-template-columns: minmax(7rem, 12rem) 1fr; gap: .35rem 1rem; margin: .75rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; min-width: 0; }
footer { margin-top: 3rem; font-size: .875rem; color: var(--quiet); }
@media (prefers-color-scheme: dark) {
  /* Figures are drawn on white, which glares: their ground becomes that of a soft card. */
  figure .box { background: #ccd1d8; }
  figure img { mix-blend-mode: multiply; }
}
@media (max-width: 44rem) {
  /* One panel a row, which fits. */
  figure .stacks img { width: 100% !important; max-width: 24rem; min-width: 0 !important; }
  body { padding: 1.25rem .9rem 3rem; }
  h1 { font-size: 1.4rem; }
  .claims thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .claims tbody, .claims tr, .claims tbody th, .claims td:nth-child(n) {
    display: block; width: 100%; min-width: 0; border: 0;
  }
  .claims tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .claims tr > * { padding: .15rem .8rem; }
  .claims td[data-column]::before { content: attr(data-column) ": "; color: var(--quiet); }
  .claims .number { text-align: left; white-space: normal; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; font-size: .9rem; }
  .box, .results, pre { overflow: visible; max-height: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .results code { font-size: inherit; }
  figure .box { border: 0; padding: 0; background: none; }
  figure img { min-width: 0 !important; }
  a { color: inherit; text-decoration: none; }
  figure, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .results th, .results td {
    min-width: 0 !important; padding: .2rem .3rem; font-size: .62rem; white-space: normal; overflow-wrap: break-word;
  }
  .results tbody th { white-space: nowrap; }
  .results thead th { position: static; }
  /* More columns than fit side by side: a paragraph a row, in which each value has its name. */
  .wide thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .wide table, .wide tbody, .wide tr { display: block; }
  .wide tr { padding: .3rem 0; border-bottom: 1px solid var(--line); }
  .wide td, .wide tbody th { display: inline; border: 0; }
  .wide td::before { content: attr(data-column) " "; color: var(--quiet); }
  .wide td::after { content: "; "; }
  .wide td:empty { display: none; }
  .claims, .claims small, .claims thead th { font-size: .68rem; }
  .claims th, .claims td { padding: .3rem .35rem; }
  .claims tbody th, .claims td:nth-child(n) { min-width: 0; overflow-wrap: break-word; }
}
""".strip()
