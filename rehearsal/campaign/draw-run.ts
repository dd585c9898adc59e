/** One seed, one whole run: cluster, settings, timings, the way in and the faults, as a capture and a scenario. */
import { RandomStreams } from '../../simulator/kernel/random.ts';
import { buildCapture } from '../clusters/build.ts';
import { ACCOUNT, CAPTURED_AT, REGION } from '../clusters/constants.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import { drawCluster } from './draw-cluster.ts';
import { ALARM, type DrawnFault, type DrawnKind, drawFaults } from './draw-faults.ts';
import { drawNotices, withNotices } from './draw-notices.ts';
import { drawSettings, drawStart, drawTimings } from './draw-settings.ts';

export interface DrawnRun {
  readonly seed: number;
  readonly spec: ClusterSpec;
  readonly settings: Readonly<Record<string, unknown>>;
  /** `{ request }` or `{ event }`, as a scenario holds it. */
  readonly start: Readonly<Record<string, unknown>>;
  /** In the order of arming; what ends them again is armed after them. */
  readonly faults: readonly DrawnFault[];
  /** EC2 has scheduled something for a host of which nobody was told: it strikes, and is no fault that fires. */
  readonly isUnheard?: boolean;
  /** What `rollover rehearse --capture` and `--scenario` take. */
  readonly capture: Readonly<Record<string, unknown>>;
  readonly scenario: Readonly<Record<string, unknown>>;
}

/**
 * The run of this seed; the same seed and kinds give the same run.
 *
 * @param only kinds of fault to draw from: none when empty, all when undefined
 */
export function drawRun(seed: number, only?: readonly DrawnKind[]): DrawnRun {
  const streams = new RandomStreams(seed);
  const spec = drawCluster(streams);
  const struck = drawFaults(streams, spec, only);
  const notices = drawNotices(streams, struck, only);
  const faults = [...struck.faults, ...notices.faults];
  const heals = [...struck.heals, ...notices.heals];
  const isWatched = faults.some(({ kind }) => kind === 'alarm');
  const settings = { ...drawSettings(streams), ...(isWatched && { alarms: [ALARM] }) };
  const start = drawStart(streams, spec);
  return {
    seed,
    spec,
    settings,
    start,
    faults,
    ...(notices.unheard && { isUnheard: true }),
    capture: { ...withNotices(buildCapture(spec), notices), cloudWatch: { alarms: [quietAlarm()] } },
    scenario: { ...start, settings, timings: drawTimings(streams), faults: [...faults, ...heals] },
  };
}

/** As DescribeAlarms shows it. Source: Amazon CloudWatch API reference, MetricAlarm. */
function quietAlarm(): Readonly<Record<string, unknown>> {
  return {
    AlarmName: ALARM,
    AlarmArn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${ALARM}`,
    StateValue: 'OK',
    StateUpdatedTimestamp: CAPTURED_AT,
  };
}
