/**
 * A quarter of a year of the example's cluster, with the services on Fargate of gallery P31a beside it: an image each week,
 * notices about hosts and tasks, windows on two nights. What came of each notice is read from the account.
 */
import { readFileSync } from 'node:fs';
import type { Account } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { faultSchema } from '../../simulator/faults/schema.ts';
import { RandomStreams } from '../../simulator/kernel/random.ts';
import type { LogLine } from '../log.ts';
import { rehearse } from '../rehearse.ts';
import { DAY_SECONDS, type DrawnQuarter, drawQuarter, type HostNotice, WEEK_SECONDS } from './draw.ts';
import { Follower } from './follow.ts';

const PARAMETER = '/platform/ecs/golden-ami';
/** As operators of such a cluster would have them. */
const SETTINGS = {
  windows: ['Tue 02:00-06:00 Europe/Berlin', 'Thu 02:00-06:00 Europe/Berlin'],
  standaloneTasks: 'wait',
};
/** A sweep each five minutes makes of a quarter 26,000 of them, which tell nothing here: windows are four hours wide. */
const SWEEP_SECONDS = 1800;
/** The two standalone tasks of the example end by themselves. */
const JOBS = ['nightly-report', 'db-migration'];
const EXAMPLE = new URL('../example/capture.json', import.meta.url);
const ON_FARGATE = new URL('../gallery/p31a-fargate-tasks-retire/capture.json', import.meta.url);

export interface Quarter {
  readonly seed: number;
  readonly weeks: number;
  readonly hosts: {
    readonly notices: number;
    /** The host was replaced before its date. */
    readonly handled: number;
    /** Called off in time, and the host went on working. */
    readonly spared: number;
    readonly missed: number;
  };
  readonly fargate: {
    readonly notices: number;
    readonly services: number;
    /** Every task of before the notice was replaced before Fargate's date. */
    readonly handled: number;
    /** Not ours to deploy (CodeDeploy): its owner was told. */
    readonly told: number;
    readonly missed: number;
  };
  /** Services deployed twice for one notice. */
  readonly doubled: number;
  /** Hosts on the newest image, named by nobody, that went again: mostly where a run levels its zones. */
  readonly extraHosts: number;
  readonly tasksKilled: number;
  readonly violations: readonly string[];
  readonly leftovers: number;
  readonly images: readonly { readonly imageId: string; readonly hostDaysExposed: number }[];
  readonly notifications: Readonly<Record<string, number>>;
}

interface Announced extends HostNotice {
  readonly instanceId: string;
}

/** @param takeLine gets the lines of the log as they come */
export async function playQuarter(
  seed: number,
  weeks: number,
  takeLine: (line: LogLine) => void = () => {},
): Promise<Quarter> {
  const drawn = drawQuarter(new RandomStreams(seed), weeks);
  const capture = captureOfQuarter();
  const follower = new Follower();
  const announced: Announced[] = [];
  const endSeconds = weeks * WEEK_SECONDS;
  const startMs = capture.capturedAt.getTime();
  const iso = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();
  const arrange = (account: Account) => {
    account.observe((observation) => follower.observe(observation, account.clock.elapsedSeconds));
    for (const notice of drawn.hosts) {
      account.clock.at(startMs + notice.atSeconds * 1000, () => {
        const standing = account.truth.hosts().filter(({ state, group }) => state === 'running' && group);
        const instanceId = standing[Math.floor(notice.pick * standing.length)]?.instanceId;
        if (instanceId === undefined) return;
        announced.push({ ...notice, instanceId });
        const { atSeconds, dueSeconds, code, calledOffAtSeconds } = notice;
        const of = { instance: instanceId, atSeconds };
        const arm = (fault: object) => account.faults.arm(faultSchema.parse(fault));
        arm({ kind: 'schedule-instance-event', ...of, code, notBefore: iso(dueSeconds) });
        if (calledOffAtSeconds !== undefined)
          arm({ kind: 'cancel-instance-event', ...of, atSeconds: calledOffAtSeconds });
      });
    }
  };
  const { result } = await rehearse(
    {
      capture,
      seed,
      start: { kind: 'request', request: { cluster: 'prod', mode: 'roll', reason: 'schedule' } },
      settings: SETTINGS,
      timings: {},
      faults: faultsOf(drawn, servicesOf(), iso, endSeconds).map((fault) => faultSchema.parse(fault)),
      horizonSeconds: endSeconds + DAY_SECONDS,
      sweepSeconds: SWEEP_SECONDS,
    },
    undefined,
    arrange,
    takeLine,
  );
  return {
    seed,
    weeks,
    hosts: countHosts(announced, follower, endSeconds),
    fargate: countFargate(drawn, follower),
    doubled: countDoubled(drawn, follower),
    extraHosts: countExtra(drawn, announced, follower),
    tasksKilled: result.tasks.killed,
    violations: result.violations.map(({ invariant, message }) => `${invariant}: ${message}`),
    leftovers: result.leftovers.length,
    images: drawn.images.map(({ imageId, atSeconds }, at) => {
      const newer = new Set(drawn.images.slice(at).map((image) => image.imageId));
      const days = follower.hostDaysExposed((image) => !newer.has(image), atSeconds, endSeconds);
      return { imageId, hostDaysExposed: Math.round(days * 10) / 10 };
    }),
    notifications: Object.fromEntries([...follower.told].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Services whose tasks Fargate retires, and that may be deployed anew. */
const OURS = ['api', 'web', 'jobs'];

function servicesOf(): readonly string[] {
  return [...OURS, 'legacy'];
}

function faultsOf(
  { images, fargate }: DrawnQuarter,
  services: readonly string[],
  iso: (seconds: number) => string,
  endSeconds: number,
): object[] {
  return [
    ...images.map(({ imageId, atSeconds }) => ({
      kind: 'publish-image',
      atSeconds,
      parameter: PARAMETER,
      image: imageId,
    })),
    ...fargate.flatMap(({ atSeconds, startSeconds }) =>
      services.map((service) => ({
        kind: 'retire-fargate-tasks',
        atSeconds,
        service,
        startTime: iso(startSeconds),
      })),
    ),
    ...JOBS.map((family, at) => ({
      kind: 'end-task',
      family,
      exitCode: 0,
      atSeconds: DAY_SECONDS * (at + 1),
    })),
    // Keeps the account going to the end.
    { kind: 'send-event', atSeconds: endSeconds, event: { source: 'nobody' } },
  ];
}

function captureOfQuarter() {
  const example = JSON.parse(readFileSync(EXAMPLE, 'utf8'));
  const beside = JSON.parse(readFileSync(ON_FARGATE, 'utf8'));
  for (const [part, lists] of [
    ['ecs', ['services', 'taskDefinitions', 'tasks']],
    ['ec2', ['subnets']],
    ['ecr', ['images']],
  ] as const) {
    example[part] ??= {};
    for (const list of lists)
      example[part][list] = [...(example[part][list] ?? []), ...(beside[part]?.[list] ?? [])];
  }
  const capture = parseCapture(example);
  if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
  return capture.ok;
}

function countHosts(announced: readonly Announced[], { hosts }: Follower, endSeconds: number) {
  let [handled, spared, missed] = [0, 0, 0];
  for (const { instanceId, dueSeconds, calledOffAtSeconds } of announced) {
    const endedAt = hosts.get(instanceId)?.endedAtSeconds ?? Number.POSITIVE_INFINITY;
    if (endedAt < dueSeconds) handled += 1;
    else if (calledOffAtSeconds !== undefined && calledOffAtSeconds < endSeconds) spared += 1;
    else missed += 1;
  }
  return { notices: announced.length, handled, spared, missed };
}

function countFargate({ fargate }: DrawnQuarter, follower: Follower) {
  let [handled, told, missed] = [0, 0, 0];
  for (const { atSeconds, startSeconds } of fargate) {
    for (const service of servicesOf()) {
      const left = follower
        .tasksOf(service, atSeconds)
        .filter(({ endedAtSeconds = Number.POSITIVE_INFINITY }) => endedAtSeconds >= startSeconds);
      if (left.length === 0) handled += 1;
      else if (OURS.includes(service)) missed += 1;
      else told += 1;
    }
  }
  return { notices: fargate.length, services: servicesOf().length, handled, told, missed };
}

function countDoubled({ fargate }: DrawnQuarter, follower: Follower): number {
  let doubled = 0;
  for (const { atSeconds, startSeconds } of fargate)
    for (const service of OURS) {
      const times = follower.forced.filter(
        (one) => one.service.endsWith(service) && one.atSeconds >= atSeconds && one.atSeconds < startSeconds,
      ).length;
      const others = fargate.filter(
        (one) => one.atSeconds > atSeconds && one.atSeconds < startSeconds,
      ).length;
      doubled += Math.max(0, times - 1 - others);
    }
  return doubled;
}

function countExtra({ images }: DrawnQuarter, announced: readonly Announced[], follower: Follower): number {
  let extra = 0;
  const named = new Set(announced.map(({ instanceId }) => instanceId));
  for (const [instanceId, { image, endedAtSeconds }] of follower.hosts) {
    if (endedAtSeconds === undefined || named.has(instanceId)) continue;
    const newest = images.findLast(({ atSeconds }) => atSeconds <= endedAtSeconds)?.imageId;
    if (image === newest) extra += 1;
  }
  return extra;
}

export function quarterText(quarter: Quarter): string {
  const { seed, weeks, hosts, fargate, doubled, extraHosts, tasksKilled, violations, leftovers, images } =
    quarter;
  const days = images.map(({ hostDaysExposed }) => hostDaysExposed);
  const mean = days.reduce((sum, one) => sum + one, 0) / Math.max(1, days.length);
  return [
    `${weeks} weeks of the example, seed ${seed}`,
    `hosts: ${hosts.notices} notices: ${hosts.handled} replaced before their date, ${hosts.spared} called off and left, ${hosts.missed} missed`,
    `Fargate: ${fargate.notices} notices of ${fargate.services} services each: ${fargate.handled} replaced before their date, ${fargate.told} told (CodeDeploy), ${fargate.missed} missed`,
    `doubled: ${doubled} · hosts launched and taken away again: ${extraHosts} · tasks killed: ${tasksKilled} · violations: ${violations.length} · left over: ${leftovers}`,
    `images: ${images.length}; host-days exposed each: ${mean.toFixed(1)} on average, ${Math.max(0, ...days).toFixed(1)} at most`,
    ...violations,
    '',
  ].join('\n');
}
