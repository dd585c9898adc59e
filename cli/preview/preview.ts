/**
 * The plan of a captured cluster, made by the product itself: it is deployed into an account that was made from the
 * capture and asked for a plan there, as an operator would ask in the console. Nothing of a live account is touched.
 */
import type { Ending } from '../../functions/core/outcome.ts';
import type { Plan } from '../../functions/core/plan.ts';
import { parseRequest, type RequestInput } from '../../functions/edge/request.ts';
import { createAccount } from '../../simulator/account.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { inVirtualTime } from '../../simulator/in-virtual-time.ts';

export interface PreviewInput {
  readonly capture: Capture;
  /** As a request that plans: its mode does not count. */
  readonly request: RequestInput;
  /** Deployment layer of the settings. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What `rollover plan --json` prints. */
export interface Preview {
  readonly cluster: string;
  readonly capturedAt: string;
  /** Whether the captured cluster takes part already; if not, this is the plan as if it did. */
  readonly optedIn: boolean;
  readonly outcome: Ending['outcome'];
  readonly reason: string;
  readonly predicted: Plan['predicted'];
  readonly taskCount: number;
  readonly groups: readonly {
    readonly autoScalingGroupName: string;
    /** `launch-template`, `ssm:…` or `ami-…`. */
    readonly source: string;
    readonly imageIds: readonly string[];
    /** Hosts beside the old at most. */
    readonly surge: number;
    readonly outdated: readonly string[];
  }[];
  readonly keptOut: Plan['keptOut'];
  readonly exempt: Plan['exempt'];
  readonly findings: Plan['findings'];
}

const NOTHING: Pick<Plan, 'predicted' | 'taskCount' | 'groups' | 'keptOut' | 'exempt' | 'findings'> = {
  predicted: { durationSeconds: 0, moves: 0, extraInstanceHours: 0 },
  taskCount: 0,
  groups: [],
  keptOut: [],
  exempt: [],
  findings: [],
};

export async function preview({ capture, request, settings }: PreviewInput): Promise<Preview> {
  const { deploy } = await import('../../rehearsal/wiring.ts');
  const { optedIn, copy } = asIfOptedIn(capture, clusterNameIn(request.cluster));
  const account = createAccount({ capture: copy, seed: 1 });
  // Virtual time owns the timers that loading a module may use: all are loaded before it begins.
  const [{ send }, { surveyed }] = await Promise.all([import('../operate/send.ts'), import('./surveyed.ts')]);
  let remove: (() => void) | undefined;
  try {
    return await inVirtualTime(account, async () => {
      ({ remove } = await deploy(account, settings));
      const asked = { ...request, mode: 'plan' as const };
      const { cluster, ending } = await send(asked, { user: 'preview', toTheEnd: true });
      const parsed = parseRequest(asked);
      const plan = parsed.ok ? await surveyed(cluster, parsed.value) : undefined;
      const told = plan ?? NOTHING;
      return {
        cluster,
        capturedAt: capture.capturedAt.toISOString(),
        optedIn,
        outcome: ending?.outcome ?? 'FAILED',
        reason: ending?.reason ?? 'the plan did not end',
        predicted: told.predicted,
        taskCount: told.taskCount,
        groups: told.groups.map(({ autoScalingGroupName, target, surge, outdated }) => ({
          autoScalingGroupName,
          source: target.source,
          imageIds: target.imageIds,
          surge,
          outdated,
        })),
        keptOut: told.keptOut,
        exempt: told.exempt,
        findings: told.findings,
      };
    });
  } finally {
    remove?.();
  }
}

const OPT_IN = 'rollover:enabled';

/** Before anything is deployed nobody has opted in: the copy has, so that there is a plan to see. */
function asIfOptedIn(capture: Capture, name: string): { readonly optedIn: boolean; readonly copy: Capture } {
  const isIn = (cluster: Capture['ecs']['clusters'][number]) =>
    (cluster.tags ?? []).some(({ key, value }) => key === OPT_IN && /^(?:true|observe)$/.test(value ?? ''));
  const wanted = capture.ecs.clusters.find((cluster) => cluster.clusterName === name);
  if (wanted === undefined || isIn(wanted)) return { optedIn: wanted !== undefined, copy: capture };
  const tags = (wanted.tags ?? []).filter(({ key }) => key !== OPT_IN);
  const clusters = capture.ecs.clusters.map((cluster) =>
    cluster === wanted ? { ...wanted, tags: [...tags, { key: OPT_IN, value: 'observe' }] } : cluster,
  );
  return { optedIn: false, copy: { ...capture, ecs: { ...capture.ecs, clusters } } };
}

function clusterNameIn(cluster: string): string {
  return cluster.slice(cluster.lastIndexOf('/') + 1);
}
