/** The look of the report: light and dark, on a screen and on paper. */
export const STYLE = `:root{color-scheme:light dark;--line:#8884;--soft:#8882;--wait:#c3c9d4;--good:#2a9d8f;--bad:#d1495b;--odd:#edae49}
body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1080px;padding:0 1rem}
h1 small{font-size:.5em;font-weight:normal}h2{margin:2rem 0 .5rem}.sentence{font-size:1.15em}
.tables{display:flex;flex-wrap:wrap;align-items:flex-start;gap:1rem 2rem}table{border-collapse:collapse}
th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
svg{width:100%;height:auto;border:1px solid var(--line)}svg text{font-size:10px;fill:currentColor}
.waiting{fill:var(--wait);background:var(--wait)}path.completed{fill:var(--good)}path.failed{fill:var(--bad)}path.unknown{fill:var(--odd)}
.in-flight{fill:var(--soft);stroke:currentColor;stroke-width:.5}
path.pushback{stroke:#8a63d2}path.unreached{stroke:var(--bad)}
.legend i{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}
i.completed{background:var(--good)}i.failed,i.unreached{background:var(--bad)}i.unknown{background:var(--odd)}i.pushback{background:#8a63d2}
input[type=radio]{margin:0 .3em 0 0}input+label{margin-right:.9em;overflow-wrap:anywhere}input[type=search]{font:inherit;width:20em;max-width:60%}
.card.lost{display:none}
.sheet{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:1rem;margin-top:1rem}
.card{content-visibility:auto;contain-intrinsic-size:200px 260px;border:1px solid var(--line);border-radius:6px;overflow:hidden;font-size:12px;padding-bottom:.5rem}
.card>*{margin:.3rem .5rem}.card>a,.card>.none{margin:0}.card>a{display:block}
.card img,.none{display:block;width:100%;height:150px;object-fit:cover;background:var(--soft)}.none{display:grid;place-content:center}
.card.failed,.card.not_submitted{border-color:var(--bad)}.card.unknown,.card.timed_out,.card.cancelled{border-color:var(--odd)}
.prompt,.why{overflow-wrap:anywhere}.prompt{max-height:7.5em;overflow:auto}.why{color:var(--bad)}.facts{opacity:.8;overflow-wrap:anywhere}code{font-size:10px;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}input,label,.search,input~br{display:none}.prompt{max-height:none}.card{break-inside:avoid;content-visibility:visible}.sheet{grid-template-columns:repeat(5,1fr)}}`;
