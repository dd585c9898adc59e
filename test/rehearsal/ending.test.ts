/** Whose word a rehearsal's outcome is, where several executions had one. */
import { describe, expect, it } from 'vitest';
import { conclude } from '../../rehearsal/ending.ts';
import type { LedgerMirror } from '../../rehearsal/ledger-mirror.ts';
import type { Account } from '../../simulator/account.ts';

interface Said {
  readonly asked?: { readonly mode?: string; readonly instances?: readonly string[] };
  readonly outcome: string;
}

/** Of executions that ended one after the other. */
function outcomeOf(...said: readonly Said[]): string {
  const executions = said.map(({ asked, outcome }, at) => ({
    identity: { name: `e${at}`, arn: `arn:e${at}`, inputText: JSON.stringify({ cluster: 'prod', ...asked }) },
    status: 'SUCCEEDED',
    stopMs: at,
    end: { output: { ending: { outcome, reason: `${at}` } } },
  }));
  const account = { stepFunctions: { executions } } as unknown as Account;
  const mirror = { runs: () => [] } as unknown as LedgerMirror;
  return conclude({ account, mirror, stopped: 'done', noOp: undefined }).ending.outcome;
}

const NAMED = { instances: ['i-1'] };
const RESUME = { mode: 'resume' };

describe('the outcome', () => {
  it.each<[string, string, readonly Said[]]>([
    ['the next window’s', 'SUCCEEDED', [{ outcome: 'PENDING_WINDOW' }, { outcome: 'SUCCEEDED' }]],
    [
      'the run’s, not of who came too late',
      'PARTIAL',
      [{ outcome: 'PARTIAL' }, { outcome: 'NOTHING_TO_DO' }],
    ],
    [
      'the whole cluster’s, not of named hosts that were replaced afterwards',
      'PARTIAL',
      [{ outcome: 'PARTIAL' }, { asked: NAMED, outcome: 'SUCCEEDED' }],
    ],
    ['of named hosts that stay', 'PARTIAL', [{ outcome: 'SUCCEEDED' }, { asked: NAMED, outcome: 'PARTIAL' }]],
    [
      'the whole cluster’s over that of named hosts',
      'SUCCEEDED',
      [{ asked: NAMED, outcome: 'PARTIAL' }, { outcome: 'SUCCEEDED' }],
    ],
    [
      'the refusal, where `resume` found nothing that waits',
      'REFUSED',
      [{ outcome: 'REFUSED' }, { asked: RESUME, outcome: 'NOTHING_TO_DO' }],
    ],
    [
      'that of `resume`, where the work was done meanwhile',
      'NOTHING_TO_DO',
      [{ outcome: 'PENDING_WINDOW' }, { asked: RESUME, outcome: 'NOTHING_TO_DO' }],
    ],
  ])('is %s', (_, outcome, said) => {
    expect(outcomeOf(...said)).toBe(outcome);
  });
});
