/** What a service's last game day said, kept beyond its run: a retirement is not the first time that its tasks are replaced. */
import { type GameDayMemory, type GameDayOutcome, recoveredStops, secondsToHealthy } from './facts.ts';

/** Of one service, the last one. Times are epoch milliseconds. */
export interface GameDayResult {
  readonly cluster: string;
  readonly serviceName: string;
  readonly runId: string;
  readonly atMs: number;
  readonly outcome: Exclude<GameDayOutcome, 'skipped'>;
  readonly reason: string;
  readonly stops: readonly {
    readonly taskArn: string;
    readonly zone: string;
    readonly stoppedAtMs: number;
    /** Absent: it was not whole again when it was given up. */
    readonly secondsToHealthy?: number;
    readonly lowestHealthy: number;
    readonly desired: number;
  }[];
}

/** What of a run's memory is worth keeping; undefined: no task of it was stopped by us. */
export function resultOf(
  { cluster, runId }: { readonly cluster: string; readonly runId: string },
  serviceName: string,
  memory: GameDayMemory,
  nowMs: number,
): GameDayResult | undefined {
  const hasFailed = memory.verdict?.outcome === 'not-recovered';
  const done = recoveredStops(memory);
  if (done.length === 0 && !hasFailed) return undefined;
  const counted = memory.stops.filter(
    (stop) => stop.void === undefined && (hasFailed || stop.recoveredAtMs !== undefined),
  );
  return {
    cluster,
    serviceName,
    runId,
    atMs: nowMs,
    outcome: hasFailed ? 'not-recovered' : 'recovered',
    reason: memory.verdict?.reason ?? `${done.length} stopped so far`,
    stops: counted.map((stop) => ({
      taskArn: stop.taskArn,
      zone: stop.zone,
      stoppedAtMs: stop.askedAtMs,
      ...(stop.recoveredAtMs !== undefined && {
        secondsToHealthy: secondsToHealthy({ ...stop, recoveredAtMs: stop.recoveredAtMs }),
      }),
      lowestHealthy: stop.lowestHealthy,
      desired: stop.desired,
    })),
  };
}

export const NEVER_REHEARSED = 'never rehearsed';

/** For plans and notifications of a retirement: `never rehearsed`, or when, and how it went. */
export function rehearsedText(last: GameDayResult | undefined): string {
  if (last === undefined) return NEVER_REHEARSED;
  const day = new Date(last.atMs).toISOString().slice(0, 10);
  if (last.outcome === 'not-recovered') return `rehearsed ${day}: it did not recover`;
  const seconds = Math.max(...last.stops.map((stop) => stop.secondsToHealthy ?? 0));
  return `rehearsed ${day}: whole again within ${seconds} s of each stop`;
}

/** How each service came off, for programs that read the notification. */
export function saidOf(
  services: ReadonlyMap<string, { readonly memory: GameDayMemory }>,
): readonly Readonly<Record<string, unknown>>[] {
  return [...services].map(([service, { memory }]) => ({
    service,
    outcome: memory.verdict?.outcome ?? 'not-over',
    reason: memory.verdict?.reason ?? '',
    stops: memory.stops.map(({ taskArn, zone, lowestHealthy, desired, void: isVoid, ...stop }) => ({
      taskArn,
      zone,
      lowestHealthy,
      desired,
      ...(isVoid !== undefined && { doesNotCount: isVoid }),
      ...(stop.recoveredAtMs !== undefined && {
        secondsToHealthy: Math.round((stop.recoveredAtMs - stop.askedAtMs) / 1000),
      }),
    })),
  }));
}
