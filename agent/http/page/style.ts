/** Light and dark, wide and narrow; nothing from elsewhere. */
export const style = `
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1c2126;--soft:#667078;--edge:#e2e5e9;--good:#1a7f45;
--goodback:#e7f5ec;--bad:#b3261e;--badback:#fdecea;--warn:#8a5a00;--warnback:#fff5df;--link:#1a62b5;
--c0:#2f7ed8;--c1:#e07b2c;--c2:#c0392b;--c3:#8e5bc4;--c4:#3aa676;--c5:#c9a400;--c6:#5b8791;--c7:#d2588c}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--card:#1d2125;--text:#e4e7ea;--soft:#98a2aa;--edge:#30363c;
--good:#6fd69a;--goodback:#16301f;--bad:#ff8f85;--badback:#3a1d1b;--warn:#f0c165;--warnback:#352a12;--link:#7db7f5;
--c0:#5aa2f0;--c1:#f09a54;--c2:#f0705f;--c3:#b48be0;--c4:#5fcb9a;--c5:#e3c545;--c6:#86b3be;--c7:#ee85b1}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
.wrap{max-width:1200px;margin:0 auto;padding:20px 16px 48px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px;margin-bottom:14px}
h1{font-size:26px;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:30px 0 10px}
a{color:var(--link)}
.soft{color:var(--soft)}
.lang{margin-left:auto}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:12px 14px;margin:0;min-width:0}
.verdict{border-left:6px solid}
.verdict strong{font-size:18px}
.verdict.good{background:var(--goodback);border-color:var(--good)}.verdict.good strong{color:var(--good)}
.verdict.bad{background:var(--badback);border-color:var(--bad)}.verdict.bad>strong{color:var(--bad)}
.verdict.warning{background:var(--warnback);border-color:var(--warn)}.verdict.warning>strong{color:var(--warn)}
.verdict ul{margin:8px 0 2px;padding:0;list-style:none}
.verdict li{color:var(--text);margin:8px 0;padding-left:22px;position:relative;overflow-wrap:anywhere}
.verdict li:before{content:"";position:absolute;left:2px;top:7px;width:10px;height:10px;border-radius:50%;background:var(--warn)}
.verdict li.bad:before{background:var(--bad)}
.verdict li span{display:block;color:var(--soft)}
.grid{display:grid;gap:12px;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr))}
.pair{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));margin-top:30px}
.pair h2{margin-top:0}
figcaption{font-weight:600;margin-bottom:4px}
svg{display:block;width:100%;height:auto}
svg .mark{stroke:var(--edge);fill:none}
svg .axis{fill:var(--soft);font-size:10px;font-variant-numeric:tabular-nums}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.band{opacity:.18}
.area{opacity:.85}
.hover{fill:transparent}.hover:hover{fill:var(--soft);opacity:.25}
${[0, 1, 2, 3, 4, 5, 6, 7]
  .map(
    (i) =>
      `.line.c${i}{stroke:var(--c${i})}.area.c${i},.band.c${i}{fill:var(--c${i})}.dot.c${i}{background:var(--c${i})}`,
  )
  .join('')}
.dot{display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:6px}
table{border-collapse:collapse;width:100%}
th{color:var(--soft);font-weight:500;text-align:left;white-space:nowrap}
td,th{padding:3px 10px 3px 0;vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.legend{font-size:12.5px;margin-top:4px;table-layout:fixed}
.legend td,.legend th{padding:1px 0 1px 6px}.legend th:first-child{width:36%}
.legend .name{padding-left:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.scroll{overflow-x:auto}
.rows td{border-top:1px solid var(--edge);overflow-wrap:anywhere}
.rows .n{padding-right:22px}
.rows td.n,.rows td.keep{overflow-wrap:normal;white-space:nowrap}
.facts td:first-child{color:var(--soft);width:45%}
.good{color:var(--good)}.bad{color:var(--bad)}.warning{color:var(--warn)}
form{display:flex;gap:8px;margin-bottom:8px}
input{flex:1;max-width:420px;min-width:0;font:inherit;padding:6px 10px;border:1px solid var(--edge);border-radius:8px;background:var(--back);color:inherit}
button{font:inherit;padding:6px 14px;border:1px solid var(--edge);border-radius:8px;background:var(--card);color:inherit;cursor:pointer}
summary{cursor:pointer;font-size:17px;font-weight:600;margin:30px 0 10px}
@media(max-width:640px){.wrap{padding:14px 10px 40px}.rows td.tags{min-width:110px}h1{font-size:22px}}
`
