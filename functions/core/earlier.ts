/** Work that takes several windows: each of them is a run, and together they are one piece of work. */
import type { Earlier, RunMemory } from './memory.ts';
import { counted } from './plan/words.ts';
import type { Provenance } from './provenance.ts';

/** What the work has come to once this run is over too, for the one that goes on. */
export function withThis(memory: RunMemory, triggeredBy: Provenance | undefined): Earlier {
  const { earlier, startedAtMs, movesSeen } = memory;
  const first = earlier?.triggeredBy ?? triggeredBy;
  const waiting = memory.hosts.flatMap(({ instanceId, protectedSinceMs, goneSinceMs }) =>
    protectedSinceMs === undefined || goneSinceMs !== undefined
      ? []
      : [[instanceId, protectedSinceMs] as const],
  );
  return {
    startedAtMs: earlier?.startedAtMs ?? startedAtMs,
    windows: (earlier?.windows ?? 0) + 1,
    replaced: (earlier?.replaced ?? 0) + replacedIn(memory),
    moves: (earlier?.moves ?? 0) + movesSeen,
    imageIds: targetsOf(memory),
    ...(first && { triggeredBy: first }),
    ...(waiting.length > 0 && { protectedSinceMs: Object.fromEntries(waiting) }),
  };
}

/** Another image is other work: what the windows before replaced is outdated again. */
export function isSameWork(earlier: Earlier | undefined, imageIds: readonly string[]): boolean {
  return earlier !== undefined && [...imageIds].sort().join() === [...earlier.imageIds].sort().join();
}

export function targetsOf({ groups }: Pick<RunMemory, 'groups'>): string[] {
  return [...new Set(groups.flatMap(({ targetImageIds }) => targetImageIds))].sort();
}

/** Planned hosts that went, whoever ended them. */
export function replacedIn({ hosts }: Pick<RunMemory, 'hosts'>): number {
  return hosts.filter(({ role, goneSinceMs }) => role === 'outdated' && goneSinceMs !== undefined).length;
}

/** `6 hosts replaced`, and how many of them earlier; `now`: in this run. */
export function replacedText(now: number, earlier: Earlier | undefined): string {
  const before = earlier?.replaced ?? 0;
  const since = before === 0 ? '' : `, ${before} of them in earlier windows`;
  return `${counted(now + before, 'host')} replaced${since}`;
}
