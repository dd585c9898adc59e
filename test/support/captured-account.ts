/** `rollover capture` at work in the embedded account: what a test of captures starts from. */
import { SILENT } from '../../cli/capture/progress.ts';
import { type TakenCapture, takeCapture } from '../../cli/capture/read.ts';
import { namingRefusals } from '../../cli/capture/trouble.ts';
import { attachable } from '../../functions/aws/clients.ts';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { createAccount } from '../../simulator/account.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { faultsSchema } from '../../simulator/faults/schema.ts';
import { inVirtualTime } from '../../simulator/in-virtual-time.ts';

export interface CapturedAgain extends TakenCapture {
  /** `ECS.DescribeTasks`, as often as it was called. */
  readonly calls: readonly string[];
  readonly throttled: number;
  readonly seconds: number;
}

export interface CaptureScene {
  readonly cluster?: string;
  readonly imageSources?: readonly string[];
  readonly alarms?: readonly string[];
  readonly faults?: readonly Readonly<Record<string, unknown>>[];
}

/** As JSON takes it: dates are text, what is undefined is not there. */
export function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

/** @throws Error naming what is wrong with it */
export function parsed(json: unknown): Capture {
  const result = parseCapture(asJson(json));
  if (!('ok' in result)) throw new Error(JSON.stringify(result.problems));
  return result.ok;
}

/** A capture of the account that was made from this one. */
export async function captureOf(json: unknown, scene: CaptureScene = {}): Promise<CapturedAgain> {
  const capture = parsed(json);
  const account = createAccount({ capture, seed: 1 });
  beginAsNewContainer();
  for (const { client, service } of attachable) account.attach(client, service);
  const calls: string[] = [];
  account.observe((one) => void (one.kind === 'call' && calls.push(one.operation)));
  account.faults.tell({ outdated: () => [], targetImages: () => [] });
  for (const fault of faultsSchema.parse(scene.faults ?? [])) account.faults.arm(fault);
  let seconds = 0;
  const taken = await inVirtualTime(account, async () => {
    const done = await namingRefusals(() =>
      takeCapture({
        cluster: scene.cluster ?? capture.ecs.clusters[0]?.clusterName ?? '',
        imageSources: scene.imageSources ?? [],
        alarms: scene.alarms ?? [],
        progress: SILENT,
        nowMs: capture.capturedAt.getTime(),
      }),
    );
    seconds = account.clock.elapsedSeconds;
    return done;
  });
  return { ...taken, calls, throttled: account.cost().calls.throttled, seconds };
}
