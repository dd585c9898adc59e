/** docs/events.md against what wakes us and what we tell. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { NoticeState } from '../../functions/core/notices/entry.ts';
import { NOTIFICATION_KINDS } from '../../functions/core/notification-kinds.ts';
import { OUTCOMES } from '../../functions/core/outcome.ts';
import { withTables } from '../../functions/edge/events-docs.ts';

const ROOT = join(import.meta.dirname, '../..');

it('has the tables of the code (renew: node functions/edge/events-docs.ts)', () => {
  const page = readFileSync(join(ROOT, 'docs/events.md'), 'utf8');
  expect(page).toBe(withTables(page));
});

/** Kinds that are put together: how a run ended, what a notice has become. */
const STATES = [
  'seen',
  'planned',
  'acting',
  'done',
  'cancelled',
  'told',
  'left',
  'missed',
] satisfies NoticeState[];
const COMPOSED = [
  ...OUTCOMES.map((outcome) => outcome.toLowerCase()),
  ...STATES.map((state) => `notice-${state}`),
];

it('lists each kind once, and none that nobody tells; the type of a notification lets no other through', () => {
  const code = readdirSync(join(ROOT, 'functions'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('notification-kinds.ts'))
    .filter((path) => !path.endsWith('core/notification.ts'))
    .map((path) => readFileSync(join(ROOT, 'functions', path), 'utf8'))
    .join('\n');
  const untold = NOTIFICATION_KINDS.filter((kind) => !COMPOSED.includes(kind) && !code.includes(`'${kind}'`));
  expect(untold).toEqual([]);
  expect(new Set(NOTIFICATION_KINDS).size).toBe(NOTIFICATION_KINDS.length);
});
