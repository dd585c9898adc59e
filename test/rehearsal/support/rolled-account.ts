/**
 * Lets an orchestrator loose on a small cluster in the real embedded account, with the real SDK clients, and judges it.
 *
 * The cluster: group `web` (four hosts in two zones, launching whatever `/golden/ami` names: the new image) with the
 * services `api` (100/200, load balanced) and `worker` (50/200), two tasks a host each, and a daemon; group `other`, of a cluster
 * that did not opt in.
 */
import type { JudgedRun, JudgedSettings } from '../../../rehearsal/checkers/checker.ts';
import { buildCapture } from '../../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../../rehearsal/clusters/spec.ts';
import { type Handled, handOver, type Orchestrator } from '../../../rehearsal/policies/hands.ts';
import type { Account } from '../../../simulator/account.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import { DEFAULT_SETTINGS } from './staged-account.ts';

export type { Hands, Orchestrator } from '../../../rehearsal/policies/hands.ts';

export const SMALL_CLUSTER: ClusterSpec = {
  groups: [
    {
      name: 'web',
      hosts: 4,
      zones: ['eu-west-1a', 'eu-west-1b'],
      minSize: 2,
      imageReference: 'resolve:ssm:/golden/ami',
    },
  ],
  services: [
    { name: 'worker', desired: 8, minimumHealthyPercent: 50 },
    { name: 'api', desired: 8, loadBalancer: { deregistrationDelaySeconds: 60 } },
    { name: 'agent', desired: 4, daemon: true },
  ],
  parameters: { '/golden/ami': NEW_IMAGE },
};

export interface RollOptions {
  readonly cluster?: ClusterSpec;
  readonly seed?: number;
  readonly settings?: Partial<JudgedSettings>;
  readonly judged?: Partial<JudgedRun>;
  readonly outcome?: string;
  /** Others that act at the same time, by caller's name. */
  readonly beside?: Readonly<Record<string, Orchestrator>>;
  readonly arm?: (account: Account) => void;
}

/** @throws Error when the orchestrator does not end */
export async function roll(orchestrator: Orchestrator, options: RollOptions = {}): Promise<Handled> {
  const parsed = parseCapture(buildCapture(options.cluster ?? SMALL_CLUSTER));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const handled = await handOver({
    capture: parsed.ok,
    seed: options.seed ?? 1,
    targetImage: NEW_IMAGE,
    cluster: 'prod',
    groups: ['web'],
    settings: { ...DEFAULT_SETTINGS, canaryInstances: 0, ...options.settings },
    orchestrators: { orchestrator, ...options.beside },
    ...(options.judged && { judged: options.judged }),
    ...(options.outcome !== undefined && { outcome: options.outcome }),
    async prepare(account) {
      options.arm?.(account);
      await account.dynamodb.createTable({ TableName: 'ledger', pk: 'pk', sk: 'sk' });
    },
  });
  if (!handled.ended) throw new Error('the orchestrator did not end');
  return handled;
}
