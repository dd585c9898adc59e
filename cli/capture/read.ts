/**
 * A capture of a live cluster: every list that the contract names, read through the product's own readers (paged, in
 * AWS's batch sizes, every `failures[]` read, within our share of AWS's request rates). Nothing is changed.
 *
 * A cluster moves while it is read: what points to something that was not there any more, or not yet, is left out, and
 * said (`strays.ts`).
 */
import * as aws from '../../functions/aws/clients.ts';
import { ClusterMissing } from '../../functions/aws/facts/read-facts.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import type { Progress } from './progress.ts';
import { readAround } from './read-around.ts';
import { readCompute } from './read-compute.ts';
import { readEcs } from './read-ecs.ts';
import { withoutStrays } from './strays.ts';

export interface CaptureOptions {
  /** Name or ARN. */
  readonly cluster: string;
  /** Image sources that a request may name later, beside those that templates and tags name. */
  readonly imageSources: readonly string[];
  /** Alarms that the deployment's settings or a request name. */
  readonly alarms?: readonly string[];
  readonly progress: Progress;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** What the readers have, and where they tell how far they are. */
export interface Reading {
  readonly clients: typeof aws;
  readonly progress: Progress;
  /** What could not be read and is left out: sentences for people. */
  readonly notes: string[];
}

export interface TakenCapture {
  readonly capture: Capture;
  /** What is left out, and why: sentences for people. */
  readonly notes: readonly string[];
}

/** @throws ClusterMissing; the SDK's errors, of which `trouble.ts` makes one message each */
export async function takeCapture({
  cluster,
  imageSources,
  alarms = [],
  progress,
  nowMs,
}: CaptureOptions): Promise<TakenCapture> {
  const reading: Reading = { clients: aws, progress, notes: [] };
  const ecs = await readEcs(reading, cluster);
  const [found] = ecs.clusters;
  const [, , , region = '', accountId = ''] = (found?.clusterArn ?? '').split(':');
  if (found === undefined) throw new ClusterMissing(cluster);
  const compute = await readCompute(reading, ecs);
  const around = await readAround(reading, { ecs, ...compute, region, imageSources, alarms });
  progress.done();
  const head = { version: 1, region, accountId, capturedAt: new Date(nowMs) } as const;
  const { images, instanceTypes, ...beside } = around;
  const capture: Capture = {
    ...head,
    ecs,
    autoScaling: compute.autoScaling,
    ec2: { ...compute.ec2, images, instanceTypes },
    ...beside,
  };
  reading.notes.push(...withoutStrays(capture));
  return { capture, notes: reading.notes };
}
