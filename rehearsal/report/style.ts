/** The report's style sheet: quiet, printable, no font from elsewhere. */
export const STYLE = `
:root { color-scheme: light; --ink: #1f2328; --quiet: #57606a; --line: #d8dee4; }
body { margin: 0; background: #f6f8fa; color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
header, section { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 16px 20px; margin-bottom: 16px; }
h1 { margin: 0; font-size: 30px; } h1.good { color: #1a7f4b; } h1.bad { color: #b42318; }
h2 { margin: 0 0 4px; font-size: 19px; } h3 { margin: 12px 0 0; font-size: 15px; }
.kicker, .lead, .reason { margin: 0 0 8px; color: var(--quiet); } .reason { color: var(--ink); font-size: 17px; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 12px; margin: 12px 0 0; }
.figures div { border-left: 3px solid var(--line); padding-left: 10px; }
.figures dt { color: var(--quiet); font-size: 13px; } .figures dd { margin: 0; font-size: 22px; font-weight: 600; }
.figures p { margin: 0; color: var(--quiet); font-size: 13px; min-height: 1em; }
.pairs { display: grid; grid-template-columns: 1fr 1fr; gap: 0 16px; }
.key { margin: 4px 0; font-size: 13px; color: var(--quiet); } .key span { margin-right: 16px; }
.key i { display: inline-block; width: 12px; height: 10px; margin-right: 6px; border-radius: 2px; }
.scroll { overflow-x: auto; max-height: 460px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; color: var(--quiet); font-weight: 600; position: sticky; top: 0; background: #fff; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th, td:nth-child(-n+2) { white-space: nowrap; }
svg { max-width: 100%; height: auto; display: block; }
@media (max-width: 700px) { .figures { grid-template-columns: repeat(2, 1fr); } .pairs { grid-template-columns: 1fr; } }
@media print { .scroll { max-height: none; overflow: visible; } }
`;
