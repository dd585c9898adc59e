/** The package's entry point for other people's tests, by the name under which they import it. */
import { createAccount, inVirtualTime, parseCapture } from 'ecs-rollover/simulator';
import { expect, it } from 'vitest';
import * as simulator from '../../../simulator/index.ts';

function emptyAccount() {
  const parsed = parseCapture({
    version: 1,
    region: 'eu-west-1',
    accountId: '111122223333',
    capturedAt: '2026-11-22T12:00:00Z',
  });
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return createAccount({ capture: parsed.ok, seed: 1 });
}

it('is the sources, inside the repository', () => {
  expect(createAccount).toBe(simulator.createAccount);
});

it('exports exactly what its page lists', () => {
  expect(Object.keys(simulator).sort()).toEqual([
    'FAULT_KINDS',
    'FunctionError',
    'NotSimulated',
    'QUESTIONS',
    'asCaller',
    'createAccount',
    'faultSchema',
    'faultsSchema',
    'inVirtualTime',
    'parseCapture',
  ]);
});

it('names what is wrong with a capture, by its path', () => {
  expect(parseCapture({ version: 2 })).toMatchObject({
    problems: expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining('version') })]),
  });
});

it('lets hours pass in no time, and gives the real clock back', async () => {
  const account = emptyAccount();
  const realNow = Date.now;

  const seen = await inVirtualTime(account, async () => {
    await new Promise((wakeUp) => setTimeout(wakeUp, 3 * 3_600_000));
    return new Date().toISOString();
  });

  expect(seen).toBe('2026-11-22T15:00:00.000Z');
  expect(Date.now).toBe(realNow);
});

it('hands on what the work throws', async () => {
  await expect(inVirtualTime(emptyAccount(), () => Promise.reject(new Error('on purpose')))).rejects.toThrow(
    'on purpose',
  );
});

it('says so when the work never ends', async () => {
  const never = () => new Promise(() => {});
  const slow = async () => {
    for (;;) await new Promise((wakeUp) => setTimeout(wakeUp, 60_000));
  };

  await expect(inVirtualTime(emptyAccount(), never, { limitSeconds: 3600 })).rejects.toThrow('the work');
  await expect(inVirtualTime(emptyAccount(), slow, { limitSeconds: 3600 })).rejects.toThrow(
    'takes over 3600 seconds',
  );
});
