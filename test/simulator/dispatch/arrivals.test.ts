import { afterEach, describe, expect, it } from 'vitest';
import { Arrivals } from '../../../simulator/dispatch/arrivals.ts';
import { asCaller, callerName } from '../../../simulator/kernel/caller.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

describe('arrivals', () => {
  it('lets calls in in the order in which they were made, whichever the SDK had ready first', async () => {
    account = kernel();
    const arrivals = new Arrivals(account.clock);
    const order: string[] = [];
    const first = arrivals.depart();
    const second = arrivals.depart();
    const enter = (name: string) => async () => {
      order.push(`${name} by ${callerName()}`);
    };
    const secondIn = asCaller('drain', () => second.arrive(enter('second')));
    await Promise.resolve();
    await first.arrive(enter('first'));
    await secondIn;
    expect(order).toEqual(['first by outside', 'second by drain']);
  });

  it('waits for nobody who failed on the way', async () => {
    account = kernel();
    const arrivals = new Arrivals(account.clock);
    const failed = arrivals.depart();
    const other = arrivals.depart();
    failed.leave();
    await other.arrive(async () => {});
  });

  it('holds virtual time while a call is on its way, however long the real work takes', async () => {
    account = kernel();
    const arrivals = new Arrivals(account.clock);
    let expired = false;
    account.clock.after(10, () => {
      expired = true;
    });
    const call = arrivals.depart();
    const { readFile } = await import('node:fs/promises');
    const work = readFile('package.json').then(() => {
      expect(expired).toBe(false);
      return call.arrive(async () => {});
    });
    await account.finish(() => work);
    await account.pass(1);
    expect(expired).toBe(true);
  });

  it('keeps no second place for a call that comes again', async () => {
    account = kernel();
    const arrivals = new Arrivals(account.clock);
    const call = arrivals.depart();
    await call.arrive(async () => {});
    arrivals.depart();
    await call.arrive(async () => {});
    call.leave();
  });
});
