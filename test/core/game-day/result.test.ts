/** What is kept of a service's game day, and how a retirement speaks of it. */
import { describe, expect, it } from 'vitest';
import { rehearsedText, resultOf } from '../../../functions/core/game-day/result.ts';
import { afterStop, decideAt, look, memoryAfter, NOW_MS, RUN_ID, service, whole, without } from './looks.ts';

describe('what is kept of a service', () => {
  it('says when it was, and how long it took', () => {
    expect(rehearsedText(undefined)).toBe('never rehearsed');
    const { arn } = afterStop(0, service());
    const first = afterStop(40, whole(arn));
    const memory = memoryAfter(first.step, first.at);
    const over = memoryAfter(decideAt(55, [{ ...first.at, memory }]), first.at);
    const result = resultOf({ cluster: 'prod', runId: RUN_ID }, 'web', over, NOW_MS);
    expect(rehearsedText(result)).toBe('rehearsed 2026-11-22: whole again within 40 s of each stop');
  });

  it('says that it did not recover, and nothing of one that was left alone', () => {
    const { arn } = afterStop(0, service());
    const { step, at } = afterStop(1800, without(arn));
    const result = resultOf({ cluster: 'prod', runId: RUN_ID }, 'web', memoryAfter(step, at), NOW_MS);
    expect(rehearsedText(result)).toContain('did not recover');
    const left = look(service({ optedIn: false }));
    expect(
      resultOf({ cluster: 'prod', runId: RUN_ID }, 'web', memoryAfter(decideAt(0, [left]), left), 0),
    ).toBeUndefined();
  });
});
