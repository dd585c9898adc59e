/**
 * docs/settings.md, written from the table of settings. To renew it:
 * `node functions/edge/settings-docs.ts > docs/settings.md`; a test tells when that is due.
 */

import { EXEMPT_REASON_TAG, EXEMPT_UNTIL_TAG } from '../core/plan/exempted.ts';
import { kebabName, SETTINGS_TABLE, type SettingRow } from './settings-table.ts';
import { OTHER_TAGS, TAG_PREFIX } from './settings-tags.ts';
import { FREEZE_EXAMPLE, WINDOW_EXAMPLE } from './time-windows-syntax.ts';

/** The whole page. */
export function settingsPage(): string {
  return [
    '# Settings',
    '',
    '<!-- Written by functions/edge/settings-docs.ts from the table in functions/edge/settings-table.ts. -->',
    '',
    INTRODUCTION,
    '',
    '| setting | tag | default | of |',
    '|---|---|---|---|',
    ...SETTINGS_TABLE.map((row) => overview(row as SettingRow)),
    '',
    ...SETTINGS_TABLE.flatMap((row) => section(row as SettingRow)),
    SYNTAX,
    '',
    EXEMPTIONS,
    '',
    GUARDRAILS,
    '',
  ].join('\n');
}

const INTRODUCTION = `Settings come in layers, and a later one wins: the defaults below, the deployment, tags of the cluster, tags of an Auto
Scaling group, the request. A setting that nobody writes has its default. An unknown name or a value that cannot be
read is refused before anything runs, with its path and what to write instead, all problems at once.

A tag is \`${TAG_PREFIX}<name>\` with the name in kebab case. Where a setting takes several values, \`${TAG_PREFIX}<name>-2\`,
\`-3\` … carry one more each. Tags of ECS allow letters, digits, spaces and \`_ . : / = + - @\`, so a percentage is \`10pct\`
there. Other tags with our prefix: ${OTHER_TAGS.map((tag) => `\`${TAG_PREFIX}${tag}\``).join(', ')}. \`${TAG_PREFIX}enabled\` is the opt-in: \`true\` rolls the
cluster, \`observe\` only reports plans, anything else leaves it alone.

A setting *of the group* may stand in the tags of a group, for its hosts alone; one *of the cluster* may not.`;

const SYNTAX = `## How time is written

A window is days, two times and a time zone of the IANA database: \`${WINDOW_EXAMPLE}\`. Days are \`Tue\`, a range
\`Mon-Fri\`, a list with commas or, as tags allow no comma, plus signs (\`Tue,Thu\`, \`Sat+Sun\`), or \`daily\`. Times are those of
the wall clock there, in summer and winter. An end at or before the start is on the next day: \`Fri 22:00-04:00 Europe/Berlin\`
ends on Saturday.

A freeze is a first and a last day, both included: \`${FREEZE_EXAMPLE}\`; a single date is one day. Without a time zone
the days are those of UTC.`;

const EXEMPTIONS = `## Hosts that stay for a while

Two tags of an **EC2 instance** keep it out of rollovers, whatever its image and age: \`${EXEMPT_UNTIL_TAG}\`, a day such as
\`2026-12-24\` (to its end, in UTC) or a moment such as \`2026-12-24T06:00Z\`, and \`${EXEMPT_REASON_TAG}\`, why. Both are
needed: a host with one of them, or with a date that cannot be read, is left alone too, as a finding that keeps it out and
says what to write. They are read when a run is planned. Plans, \`rollover explain\` and the evidence of
\`rollover report\` name reason and end ([audit.md](audit.md)).`;

const GUARDRAILS = `## Guardrails

The deployment says what tags and requests may not do; nothing later loosens it. What is not named here is free.

\`\`\`json
{
  "clusters": ["prod-*"],
  "imageOwners": ["self", "111122223333"],
  "neverForce": true,
  "settings": {
    "surge": { "max": "50%" },
    "bakeSeconds": { "change": "raise" },
    "onDrainTimeout": { "oneOf": ["hold", "rollback"] },
    "windows": { "change": "never" }
  }
}
\`\`\`

- \`clusters\`: only these may be touched; \`*\` stands for any letters.
- \`imageOwners\`: \`imageOwners\` cannot go beyond them.
- \`observeOnly\`: nothing is changed, whatever a cluster's tag says: \`true\` counts as \`observe\`. A run that is under way
  ends and gives everything back. The property \`mode\` of the deployment sets it ([deploy.md](deploy.md)).
- \`neverForce\`: refuses \`standaloneTasks\` and \`protectedTasks\` \`stop\`, \`onDrainTimeout\` \`stop-tasks\`, and game days.
- \`warmPools\`: \`rebuild\` (the default) deletes a group's warm pool for the length of a run and puts it back at the end;
  \`refuse\` leaves groups that have one alone.
- \`settings\`, by name: \`min\` and \`max\` bound a number or percentage, \`oneOf\` lists the values allowed, \`change\` says
  whether tags and requests may only \`raise\` or only \`lower\` the deployment's value, or \`never\` change it. A default that
  lies outside moves to the bound.`;

function overview(row: SettingRow): string {
  return `| [\`${row.name}\`](#${row.name.toLowerCase()}) | \`${kebabName(row.name)}\` | ${defaultText(row)} | ${row.scope} |`;
}

function section(row: SettingRow): string[] {
  const tag = `\`${TAG_PREFIX}${kebabName(row.name)}\``;
  return [
    `## ${row.name}`,
    '',
    row.documentation,
    '',
    `- Default: ${defaultText(row)}`,
    `- JSON: ${row.kind.json}`,
    `- Tag ${tag}: ${row.kind.tag}`,
    '',
  ];
}

function defaultText(row: SettingRow): string {
  return row.defaultText ?? `\`${JSON.stringify(row.default)}\``;
}

if (import.meta.main) process.stdout.write(settingsPage());
