/** Rule 19: hosts of all zones end level, by swaps, as far as Auto Scaling has room. */
import { describe, expect, it } from 'vitest';
import type { Facts, HostFacts } from '../../functions/core/facts.ts';
import type { GroupMemory, HostMemory } from '../../functions/core/memory.ts';
import {
  OLD_HOSTS,
  see,
  surgeStands,
  withGroup,
  withGroupMemory,
  withoutHosts,
  withRun,
} from '../support/mid-run.ts';

const memoryAfter = (facts: Facts) => see(facts).remember.groups[0];

describe('rule 19: zones end level', () => {
  /** All is replaced; the six new hosts stand in these zones. */
  const replaced = (zones: string, over: Partial<GroupMemory> = {}): Facts => {
    const facts = withoutHosts(surgeStands(), OLD_HOSTS);
    const hosts = facts.hosts.map((host, at) => ({ ...host, zone: zones.charAt(at) }));
    return withGroup(
      withGroupMemory({ ...facts, hosts }, { set: { minSize: 6, desiredCapacity: 6, maxSize: 12 }, ...over }),
      { desiredCapacity: 6, minSize: 6 },
    );
  };
  const asked = (facts: Facts) => see(facts).register.map(({ desiredCapacity }) => desiredCapacity);

  it('with zones more than one host apart one more comes, which Auto Scaling puts where the fewest are', () => {
    expect(asked(replaced('aaaabc'))).toEqual([7]);
    expect(asked(replaced('aaabbc'))).toEqual([7]);
    expect(asked(replaced('aabbcc'))).toEqual([]);
    expect(memoryAfter(replaced('aaaabc'))).toMatchObject({ zoneSwaps: 1, set: { desiredCapacity: 7 } });
    expect(see(replaced('aaaabc')).remember.run?.ending).toBeUndefined();
  });

  it('not where the owner keeps AZRebalance suspended, where launches failed, nor for ever', () => {
    const facts = replaced('aaaabc');
    const { original } = facts.memory.groups[0] as GroupMemory;
    const suspended = { original: { ...original, suspendedProcesses: ['AZRebalance'] } };
    expect(asked(replaced('aaaabc', suspended))).toEqual([]);
    const failedLaunches = [{ atMs: facts.observedAtMs - 1000, message: 'no capacity' }];
    expect(asked(withGroup(facts, { failedLaunches }))).toEqual([]);
    expect(asked(replaced('aaaabc', { zoneSwaps: 5 }))).toEqual([7]);
    expect(asked(replaced('aaaabc', { zoneSwaps: 6 }))).toEqual([]);
  });

  it('not again where the last swap left the zones as they were: Auto Scaling has no room where the fewest are', () => {
    const { observedAtMs } = replaced('aaaabc');
    const swapped = (zones: string, agoMs: number, zonesAtSwap: number[]) =>
      replaced(zones, { zoneSwaps: 1, zonesAtSwap, launchesAskedAtMs: observedAtMs - agoMs });
    expect(memoryAfter(replaced('aaaabc'))?.zonesAtSwap).toEqual([4, 1, 1]);
    expect(asked(swapped('aaaabc', 60_000, [4, 1, 1]))).toEqual([]);
    // Which zone is the fullest makes no difference, that they are nearer to level does.
    expect(asked(swapped('cccabc', 60_000, [4, 1, 1]))).toEqual([]);
    expect(asked(swapped('aaabbc', 60_000, [4, 1, 1]))).toEqual([7]);
    // Until what was asked for shows, the run goes on.
    const fresh = swapped('aaaabc', 59_999, [4, 1, 1]);
    expect(asked(fresh)).toEqual([]);
    expect(see(fresh).remember.run?.ending).toBeUndefined();
    expect(see(swapped('aaaabc', 60_000, [4, 1, 1])).remember.run?.ending).toBeDefined();
  });

  it('not where MaxSize has no room and may not rise', () => {
    const full = withGroup(replaced('aaaabc'), { maxSize: 6 });
    expect(see(full, { raiseMaxSize: false }).register).toEqual([]);
    expect(see(full).register).toMatchObject([{ desiredCapacity: 7, maxSize: 7 }]);
    expect(memoryAfter(full)?.set.maxSize).toBe(7);
  });

  it('and then one leaves the fullest zone', () => {
    const seven = replaced('aaaabc', { zoneSwaps: 1, surplusSinceMs: 1 });
    const model = seven.hosts[5] as HostFacts;
    const memory = seven.memory.hosts.find(({ instanceId }) => instanceId === model.instanceId) as HostMemory;
    const added = withRun(
      { ...seven, hosts: [...seven.hosts, { ...model, instanceId: 'i-00099' }] },
      { hosts: [...seven.memory.hosts, { ...memory, instanceId: 'i-00099' }] },
    );
    const facts = withGroupMemory(withGroup(added, { desiredCapacity: 7 }), {
      set: { minSize: 6, desiredCapacity: 7, maxSize: 12 },
    });
    const [victim] = see(facts).drain;
    expect(facts.hosts.find(({ instanceId }) => instanceId === victim?.instanceId)?.zone).toBe('a');
  });
});
