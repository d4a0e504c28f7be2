//! The look of the page: readable in light and dark, on paper and on a phone.

/// The style sheet.
pub const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5a6675; --paper: #ffffff; --panel: #f4f6f8; --rule: #d8dee5;
  --main: #0b6e8f; --second: #c9772b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa7b6; --paper: #14181e; --panel: #1d232b;
  --rule: #343d49; --main: #4fb3d4; --second: #e5a05c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
p { margin: 0 0 .75rem; } .soft { color: var(--soft); font-size: .9rem; }
.lead { font-size: 1.15rem; margin-top: 1.25rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.card { background: var(--panel); border-radius: .5rem; padding: .9rem 1rem; }
.card b { display: block; font-size: 1.4rem; line-height: 1.25; } .card span { color: var(--soft); font-size: .85rem; }
figure { margin: 0 0 1rem; } figcaption { color: var(--soft); font-size: .9rem; margin-bottom: .35rem; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
svg .soft { fill: var(--soft); } svg .main { fill: var(--main); } svg .second { fill: var(--second); }
svg .rule { stroke: var(--rule); stroke-width: 1; }
.scroll { overflow-x: auto; margin-bottom: 1.25rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } .n { text-align: right; white-space: nowrap; }
.sum tr:last-child td { font-weight: 700; }
td { overflow-wrap: break-word; max-width: 24rem; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin: 0 .3em 0 .8em; }
.key.main { background: var(--main); } .key.second { background: var(--second); }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --panel: #f2f2f2; --rule: #bbb;
  --main: #0b6e8f; --second: #c9772b; } body { font-size: 11pt; } main { max-width: none; padding: 0; }
  figure, .cards, tr { break-inside: avoid; } h2 { break-after: avoid; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
";
