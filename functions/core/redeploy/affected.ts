/** Which services of a cluster open notices of Fargate mean. Pure. */
import { isOpen, type NoticeEntry } from '../notices/entry.ts';

/** A service, and the entries that name it or tasks of it. */
export interface NamedService {
  readonly serviceName: string;
  readonly announcedMs: number;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly entries: readonly NoticeEntry[];
}

/** Is the entry one that a redeploy of this cluster answers? */
export function isOpenFor(entry: NoticeEntry, cluster: string): boolean {
  return entry.kind === 'fargate-tasks' && isOpen(entry) && entry.cluster === cluster;
}

/**
 * Of several notices about one service the latest announcement counts, since tasks must be newer than all of them, and the
 * nearest date. `serviceOf` names the service of an entry; undefined: it is of none.
 */
export function servicesNamed(
  entries: readonly NoticeEntry[],
  serviceOf: (entry: NoticeEntry) => string | undefined,
): NamedService[] {
  const byName = new Map<string, NoticeEntry[]>();
  for (const entry of entries) {
    const name = serviceOf(entry);
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), entry]);
  }
  return [...byName].map(([serviceName, of]) => {
    const startMs = least(of.flatMap((entry) => entry.startMs ?? []));
    const endMs = least(of.flatMap((entry) => entry.endMs ?? []));
    return {
      serviceName,
      announcedMs: Math.max(...of.map(({ announcedMs }) => announcedMs)),
      ...(startMs !== undefined && { startMs }),
      ...(endMs !== undefined && { endMs }),
      entries: of,
    };
  });
}

function least(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}
