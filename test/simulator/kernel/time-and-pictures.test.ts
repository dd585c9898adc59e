import { afterEach, describe, expect, it } from 'vitest';
import { copyOf } from '../../../simulator/kernel/copy.ts';
import { LaggingStore } from '../../../simulator/kernel/lagging-store.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

describe('the virtual clock', () => {
  it('runs timers in order of time, then of asking', async () => {
    account = kernel();
    const order: string[] = [];
    account.clock.after(20, () => order.push('c'));
    account.clock.after(10, () => order.push('a'));
    account.clock.after(10, () => order.push('b'));
    await account.pass();
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('is idle when only cancelled timers are left, and has not moved for them', async () => {
    account = kernel();
    account.clock.after(10, () => {});
    const cancelled = account.clock.after(900_000, () => {});
    account.clock.cancel(cancelled);
    expect(await account.clock.run(() => false, Number.POSITIVE_INFINITY)).toBe('idle');
    expect(account.clock.nowMs - START_MS).toBe(10);
  });

  it('still wakes for a timer behind a cancelled one', async () => {
    account = kernel();
    let woken = false;
    const cancelled = account.clock.after(10, () => {});
    account.clock.after(20, () => {
      woken = true;
    });
    account.clock.cancel(cancelled);
    await account.pass();
    expect([woken, account.clock.nowMs - START_MS]).toEqual([true, 20]);
  });

  it('waits longer than a timer can hold', async () => {
    account = kernel();
    let atMs = 0;
    account.clock.after(60 * 86_400_000, () => {
      atMs = account.clock.nowMs;
    });
    await account.pass();
    expect(atMs - START_MS).toBe(60 * 86_400_000);
  });
});

describe('pictures of a moment ago', () => {
  it('show what was there then', async () => {
    account = kernel();
    const store = new LaggingStore<string>(account.clock);
    store.put('i-1', 'pending');
    await account.pass(10);
    store.put('i-1', 'running');
    store.put('i-2', 'pending');
    expect([store.get('i-1', 5_000), store.get('i-2', 5_000), store.list(5_000)]).toEqual([
      'pending',
      undefined,
      ['pending'],
    ]);
    store.remove('i-1');
    expect([store.get('i-1'), store.get('i-1', 1)]).toEqual([undefined, 'pending']);
  });

  it('are never older than the account itself: what was captured is there from the first moment', () => {
    account = kernel();
    const store = new LaggingStore<string>(account.clock);
    store.put('i-1', 'running');
    expect(store.get('i-1', 2_000)).toBe('running');
  });

  it('show the oldest kept one for a longer lag, never an empty account', async () => {
    account = kernel();
    const store = new LaggingStore<string>(account.clock, 60_000);
    store.put('i-1', 'a');
    await account.pass(1_000);
    store.put('i-1', 'b');
    await account.pass(100);
    store.put('i-1', 'c');
    expect(store.get('i-1', 3_600_000)).toBe('b');
  });
});

describe('copies', () => {
  it('share nothing with the original and keep Dates and bytes', () => {
    const original = { at: new Date(5), bytes: new Uint8Array([1]), list: [{ a: 1 }], nothing: undefined };
    const copy = copyOf(original);
    expect(copy).toEqual({ at: new Date(5), bytes: new Uint8Array([1]), list: [{ a: 1 }] });
    expect('nothing' in copy).toBe(false);
    copy.at.setTime(9);
    copy.bytes[0] = 9;
    (copy.list[0] as { a: number }).a = 9;
    expect(original).toMatchObject({ at: new Date(5), bytes: new Uint8Array([1]), list: [{ a: 1 }] });
  });
});
