"""How the report looks: one style sheet for light, dark, paper and telephone."""

# Every pair of text and ground keeps 4.5:1; its test counts it.
STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fbfaf7; --card: #ffffff; --ink: #1c1e21; --soft: #5a6068;
  --line: #dedad2; --accent: #1a5fd0; --good: #1c7a48; --bad: #b04a00;
  --wash: #f1efe9; --bar: #1f6feb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --card: #1b1e24; --ink: #e7e5e0; --soft: #a4aab3;
    --line: #33373f; --accent: #7db0ff; --good: #5fce94; --bad: #ffa25e;
    --wash: #23272e; --bar: #5b96f5;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans",
    "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
header, main, footer { max-width: 50rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
header p { margin: 0; color: var(--soft); }
h1 {
  font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.2; margin: .1rem 0 .4rem;
  letter-spacing: -.015em; text-wrap: balance; overflow-wrap: anywhere;
}
h2 {
  font-size: 1.4rem; line-height: 1.3; margin: 3.2rem 0 .8rem; letter-spacing: -.01em;
  padding-top: 1.4rem; border-top: 1px solid var(--line);
}
h2 .number { color: var(--soft); font-weight: 400; margin-right: .5rem; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .4rem; }
p, ul, ol { margin: .6rem 0; }
li { margin: .3rem 0; }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible, [tabindex]:focus-visible, summary:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px;
}
nav { margin: 1.4rem 0 0; font-size: .92rem; }
nav ol { list-style: none; padding: 0; display: flex; flex-wrap: wrap;
  gap: .3rem 1.1rem; }
nav li { margin: 0; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
.answer {
  background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  border-top: 5px solid var(--good); padding: 1.4rem 1.6rem 1.6rem; margin-top: 2rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 10px 30px -18px rgb(0 0 0 / .25);
}
.answer.unmet { border-top-color: var(--bad); }
.answer h2 { border: 0; padding: 0; margin: 0; font-size: .95rem; font-weight: 600;
  color: var(--good); letter-spacing: 0; }
.answer.unmet h2 { color: var(--bad); }
.headline {
  font-size: clamp(1.35rem, 4vw, 1.75rem); line-height: 1.25; font-weight: 650;
  margin: .15rem 0 .7rem; letter-spacing: -.01em; text-wrap: balance;
}
dl.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr));
  gap: .8rem; margin: 1.3rem 0;
}
.tiles div { background: var(--wash); border-radius: 10px; padding: .7rem .9rem .8rem; }
.tiles dt { font-size: .84rem; color: var(--soft); line-height: 1.35; }
.tiles dd { margin: .15rem 0 0; font-size: 1.5rem; font-weight: 650; line-height: 1.2;
  font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.tiles dd small { display: block; font-size: .82rem; font-weight: 400;
  color: var(--soft); letter-spacing: 0; margin-top: .2rem; }
.note { color: var(--soft); font-size: .95rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; line-height: 1.4; }
caption { text-align: left; color: var(--soft); font-size: .9rem;
  padding-bottom: .5rem; }
th, td { text-align: left; padding: .5rem .8rem .5rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 600; font-size: .86rem; color: var(--soft);
  vertical-align: bottom; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
tr.chosen th { font-weight: 700; }
tr.chosen > * { background: var(--wash); }
tr.chosen th { box-shadow: inset 3px 0 var(--good); padding-left: .7rem; }
td.bar { width: 34%; min-width: 7rem; }
td.bar span { display: block; height: .75rem; margin-top: .3rem; border-radius: 3px;
  background: var(--bar); min-width: 2px; }
.kept { color: var(--good); font-weight: 600; }
.broken { color: var(--bad); font-weight: 600; }
figure { margin: 1.4rem 0 1.8rem !important; }
figcaption { color: var(--soft) !important; opacity: 1 !important; }
figure svg { display: block; margin: 0 auto; }
.finding { border-left: 4px solid var(--line); padding: .1rem 0 .1rem 1rem;
  margin: 1rem 0; }
.finding.advice { border-left-color: var(--accent); }
.finding.warning { border-left-color: var(--bad); }
.finding p { margin: .15rem 0; }
.finding b { text-transform: capitalize; }
.finding ul { margin: .4rem 0 0; padding-left: 1.1rem; color: var(--soft);
  font-size: .92rem; overflow-wrap: anywhere; }
pre { background: var(--wash); border-radius: 10px; padding: .9rem 1.1rem;
  overflow-x: auto; font-size: .9rem; line-height: 1.55; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; font-size: .92em; }
td { overflow-wrap: anywhere; }
td.number { overflow-wrap: normal; }
.text { overflow-wrap: anywhere; min-width: 9rem; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--accent); }
footer { color: var(--soft); font-size: .88rem; padding: 2.5rem 1.25rem 3.5rem; }
@media (max-width: 34rem) {
  body { font-size: 1rem; }
  header { padding-top: 1.8rem; }
  .answer { padding: 1.1rem 1.1rem 1.2rem; margin-top: 1.4rem; }
  dl.tiles { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .tiles dd { font-size: 1.25rem; }
  th, td { padding-right: .6rem; }
}
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb;
    --wash: #f3f3f3; --accent: #000; --good: #1c5c38; --bad: #8a3a00; }
  body { font-size: 10.5pt; }
  header { padding-top: 0; }
  nav, .skip { display: none; }
  .answer { box-shadow: none; }
  h2 { margin-top: 1.6rem; break-after: avoid; }
  figure, tr, .finding, .answer, pre { break-inside: avoid; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  a { text-decoration: none; }
}
"""
