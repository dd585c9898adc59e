/** Settings, timings and the way in, drawn from a seed. */
import type { RandomStreams } from '../../simulator/kernel/random.ts';
import { ACCOUNT, CAPTURED_AT, NEW_IMAGE, PUBLIC_PARAMETER, REGION } from '../clusters/constants.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import { given, IMAGE_PARAMETER, sometimes } from './draw-cluster.ts';

type Json = Readonly<Record<string, unknown>>;

/** Name of the one cluster that is drawn. */
export const CLUSTER = 'prod';

/** A deployment layer; about half of what can be said is left to its default. */
export function drawSettings(streams: RandomStreams): Json {
  const random = streams.stream('campaign/settings');
  const said = <T>(values: readonly T[]): T | undefined =>
    random.chance(0.5) ? random.pick(values) : undefined;
  return given({
    surge: said(['10%', '34%', '100%', 1, 2]),
    maxTasksInMotionPercent: said([10, 25, 50, 100]),
    canaryInstances: said([0, 1, 2]),
    bakeSeconds: said([0, 60, 300]),
    raiseMaxSize: said([true, true, false]),
    standaloneTasks: said(['wait', 'hold', 'stop']),
    standaloneTimeoutSeconds: random.pick([300, 1800]),
    protectedTasks: said(['wait', 'hold', 'stop']),
    protectedTimeoutSeconds: random.pick([900, 2700]),
    drainTimeoutSeconds: said([900, 1800]),
    onDrainTimeout: said(['hold', 'hold', 'stop-tasks', 'rollback']),
    /** The clock begins at 12:00: closing in the middle of a run, soon, and opening later. */
    windows: random.chance(0.5)
      ? sometimes(random, ['daily 11:00-13:00 UTC', 'daily 11:30-12:40 UTC', 'daily 14:00-16:30 UTC'])
      : undefined,
  });
}

/** How long things take; mostly the account's own defaults. */
export function drawTimings(streams: RandomStreams): Json {
  const random = streams.stream('campaign/timings');
  return given({
    launchSeconds: sometimes(random, [
      [5, 10],
      [20, 90],
    ] as const),
    registerSeconds: sometimes(random, [
      [20, 40],
      [60, 240],
    ] as const),
    startSeconds: sometimes(random, [
      [2, 10],
      [20, 120],
    ] as const),
    stopSeconds: sometimes(random, [
      [0, 2],
      [10, 110],
    ] as const),
    eventDelaySeconds: sometimes(random, [
      [0, 1],
      [5, 60],
    ] as const),
  });
}

/** How the run begins: mostly by hand for the whole cluster. What else: named hosts, an image, a plan, an event. */
export function drawStart(streams: RandomStreams, spec: ClusterSpec): Json {
  const random = streams.stream('campaign/start');
  const draw = random.next();
  const request = { cluster: CLUSTER };
  if (draw < 0.65) return { request };
  if (draw < 0.75) {
    const hosts = spec.groups.reduce((sum, group) => sum + group.hosts, 0);
    const named = Array.from({ length: random.integer(1, 2) }, () => random.integer(0, hosts - 1));
    const instances = [...new Set(named)].map((index) => `i-${index.toString(16).padStart(17, '0')}`);
    return { request: { ...request, instances } };
  }
  if (draw < 0.85)
    return { request: { ...request, image: random.pick([NEW_IMAGE, `ssm:${PUBLIC_PARAMETER}`]) } };
  if (draw < 0.9) return { request: { ...request, mode: 'plan' } };
  const aboutParameter = { operation: 'Update', name: IMAGE_PARAMETER, type: 'String' };
  return {
    event: random.chance(0.5)
      ? busEvent('aws.ssm', 'Parameter Store Change', aboutParameter)
      : busEvent('aws.scheduler', 'Scheduled Event', {}),
  };
}

/** An event as EventBridge hands it over. Source: Amazon EventBridge user guide, "AWS service event metadata". */
export function busEvent(source: string, detailType: string, detail: Json): Json {
  return {
    version: '0',
    id: '6a7e4feb-b491-4cf7-a9f1-bf3703497718',
    'detail-type': detailType,
    source,
    account: ACCOUNT,
    time: CAPTURED_AT,
    region: REGION,
    resources: [],
    detail,
  };
}
