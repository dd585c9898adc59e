/** The example's cluster in an account of its own, with real SDK clients in front of it. */
import { readFileSync } from 'node:fs';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Account, type AccountOptions, asCaller, createAccount } from '../../../simulator/account.ts';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import type { Observation } from '../../../simulator/observation.ts';

const FILE = new URL('../../../rehearsal/example/capture.json', import.meta.url);

export function exampleCapture(): Capture {
  const parsed = parseCapture(JSON.parse(readFileSync(FILE, 'utf8')));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.ok;
}

export interface Scene {
  readonly account: Account;
  readonly ecs: ECSClient;
  readonly autoScaling: AutoScalingClient;
  readonly ec2: EC2Client;
  readonly loadBalancing: ElasticLoadBalancingV2Client;
  /** Everything that was told since the start, one line each with its virtual second. */
  readonly log: readonly string[];
  readonly observations: readonly { readonly t: number; readonly observation: Observation }[];
  /** Virtual seconds. */
  wait(seconds: number): Promise<void>;
}

/** Runs `act` as the function `hand` in an installed account; virtual time passes as long as it takes. */
export async function inExampleAccount<T>(
  act: (scene: Scene) => Promise<T>,
  options: Partial<AccountOptions> & { readonly prepare?: (account: Account) => void } = {},
): Promise<T> {
  const { prepare, ...accountOptions } = options;
  const account = createAccount({ capture: exampleCapture(), seed: 1, ...accountOptions });
  const log: string[] = [];
  const observations: { t: number; observation: Observation }[] = [];
  account.observe((observation) => {
    const t = account.clock.elapsedSeconds;
    observations.push({ t, observation });
    log.push(JSON.stringify({ t, ...observation }));
  });
  const ecs = new ECSClient({});
  const autoScaling = new AutoScalingClient({});
  const ec2 = new EC2Client({});
  const loadBalancing = new ElasticLoadBalancingV2Client({});
  account.attach(ecs, 'ECS');
  account.attach(autoScaling, 'AutoScaling');
  account.attach(ec2, 'EC2');
  account.attach(loadBalancing, 'ElasticLoadBalancingV2');
  prepare?.(account);
  account.install();
  try {
    let ended: { readonly value: T } | { readonly error: unknown } | undefined;
    const wait = (seconds: number) => account.clock.delay(seconds * 1000);
    asCaller('hand', () =>
      act({ account, ecs, autoScaling, ec2, loadBalancing, log, observations, wait }).then(
        (value) => {
          ended = { value };
        },
        (error: unknown) => {
          ended = { error };
        },
      ),
    );
    await account.clock.run(() => ended !== undefined, account.clock.startMs + 7 * 86_400_000);
    if (!ended) throw new Error('the account ran out of virtual time');
    if ('error' in ended) throw ended.error;
    return ended.value;
  } finally {
    account.uninstall();
  }
}
