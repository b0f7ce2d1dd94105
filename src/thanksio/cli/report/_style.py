"""How the page looks: on a screen by day and by night, on a phone, and on paper."""

from __future__ import annotations

# Colours after Okabe and Ito, darkened for a white page; each verdict but the first has a pattern of its own, too.
STYLE = """
:root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--box:#f4f6f8;--link:#0a58ca;
--cancelled:#0072b2;--not_cancelled:#c98500;--refused:#a8457f;--unknown:#c43e00;--not_tried:#7d8590;--on:#fff}
@media screen and (prefers-color-scheme:dark){:root{--page:#14171a;--text:#e6e9ec;--soft:#a3acb5;--line:#3b434b;
--box:#1e2328;--link:#7db7ff;--cancelled:#4aa8e0;--not_cancelled:#e9a820;--refused:#e39ac6;--unknown:#ff7a45;
--not_tried:#97a0a9;--on:#14171a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:1064px;margin:0 auto;padding:16px 12px 48px}
h1{font-size:clamp(1.3rem,1rem + 1.6vw,2rem);line-height:1.25;margin:8px 0 12px;text-wrap:balance}
h2{font-size:1.25rem;margin:40px 0 8px}h3{font-size:1.05rem;margin:28px 0 4px}
p{margin:4px 0 10px;max-width:46rem}a{color:var(--link)}.soft,caption,figcaption{color:var(--soft)}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:2px 16px;margin:16px 0}dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;padding:4px 0}th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;
border-bottom:1px solid var(--line);white-space:nowrap}thead th{color:var(--soft);font-weight:600}
tbody th{font-weight:600}.n{text-align:right}.words{white-space:normal;min-width:19rem;overflow-wrap:anywhere}
.unseen{position:absolute;clip-path:inset(50%)}.scroll{overflow-x:auto;position:relative}figure{margin:0}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:8px 0}
.swatch,.key{vertical-align:-2px;margin-right:6px}svg{display:block;max-width:100%}.swatch,.key{display:inline-block}
.defs{position:absolute}.strip{width:100%;height:28px;margin:12px 0}
.wide,.narrow{width:100%;height:auto}.narrow{display:none}
@media (max-width:640px){.wide{display:none}.narrow{display:block;max-width:480px}.words{min-width:30rem}}
svg text{font:13px system-ui,sans-serif;fill:var(--text);font-variant-numeric:tabular-nums}
.end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:var(--line)}.pause{fill:var(--box)}
.allowed,.halo{fill:none;stroke:var(--text);stroke-width:2}.halo{stroke:var(--page);stroke-width:4}
.start{stroke:var(--text);stroke-dasharray:2 3}
.cancelled{fill:var(--cancelled)}.not_cancelled{fill:url(#not_cancelled-p)}.refused{fill:url(#refused-p)}
.unknown{fill:url(#unknown-p)}.not_tried{fill:url(#not_tried-p)}
pattern rect{fill:var(--c)}pattern path,pattern circle{fill:none;stroke:var(--on);stroke-width:1.4}
pattern circle{fill:var(--on);stroke:none}
#not_cancelled-p{--c:var(--not_cancelled)}#refused-p{--c:var(--refused)}#unknown-p{--c:var(--unknown)}
#not_tried-p{--c:var(--not_tried)}
@media print{body{font-size:11pt}main{max-width:none;padding:0}.scroll{overflow:visible}td,th{white-space:normal}
.words{min-width:0}tr,figure,svg{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}}
"""

_MARKS = {
    "not_cancelled": '<path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5"/>',
    "refused": '<circle cx="1.5" cy="1.5" r="1"/><circle cx="4.5" cy="4.5" r="1"/>',
    "unknown": '<path d="M1.5 3H4.5M3 1.5V4.5"/>',
    "not_tried": '<path d="M0 1.5H6M0 4.5H6"/>',
}
PATTERNS = (
    '<svg class="defs" width="0" height="0" aria-hidden="true"><defs>'
    + "".join(
        f'<pattern id="{name}-p" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6"/>{mark}</pattern>'
        for name, mark in _MARKS.items()
    )
    + "</defs></svg>"
)
