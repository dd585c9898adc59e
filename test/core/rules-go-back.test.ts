/** Which hosts a rollback goes back from. */
import { expect, it } from 'vitest';
import type { Draft } from '../../functions/core/draft.ts';
import type { Host } from '../../functions/core/groups.ts';
import { isUnwanted } from '../../functions/core/rules/go-back.ts';

const STARTED_MS = 1_000_000;
const draft = { run: { startedAtMs: STARTED_MS } } as unknown as Draft;

it.each([
  ['one that the run brought in', 'ready', 1, 'arn', true],
  ['one that stood there before, in work', 'ready', -1, 'arn', false],
  ['one that was launched before, and never joined', 'failed', -1, undefined, true],
  ['one that stood there before, and lost its agent', 'failed', -1, 'arn', false],
  ['one that was launched right before, and may still join', 'incoming', -1, undefined, false],
] as const)('of the hosts of its image, %s', (_, kind, secondsAfter, containerInstanceArn, isSo) => {
  const facts = { launchTimeMs: STARTED_MS + secondsAfter * 1000, containerInstanceArn };
  const host = { role: 'new', kind, facts } as unknown as Host;
  expect(isUnwanted(draft, host)).toBe(isSo);
  expect(isUnwanted(draft, { ...host, role: 'outdated' })).toBe(false);
});
