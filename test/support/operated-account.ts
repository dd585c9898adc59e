/** The product deployed into an account, and a person at work beside it: what a test of the commands starts from. */
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { type Deployment, deploy } from '../../rehearsal/wiring.ts';
import { type Account, createAccount } from '../../simulator/account.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { faultsSchema } from '../../simulator/faults/schema.ts';
import { inVirtualTime } from '../../simulator/in-virtual-time.ts';
import type { Observation } from '../../simulator/observation.ts';

const LOOK_SECONDS = 10;

export interface Operated {
  readonly account: Account;
  readonly deployment: Deployment;
  /** Everything seen so far, with its second. */
  readonly seen: readonly (readonly [Observation, number])[];
  /** Waits for so many virtual seconds. */
  pass(seconds: number): Promise<void>;
  /** Waits, a tick at a time, until it is so. */
  until(isSo: () => boolean | Promise<boolean>, withinSeconds?: number): Promise<void>;
}

export interface OperatedOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly faults?: readonly Readonly<Record<string, unknown>>[];
  readonly seed?: number;
  /** Virtual time begins here, ISO 8601. */
  readonly at?: string;
}

/** The commands speak through the product's own clients, which the deployment has attached. */
export async function operate<T>(
  spec: ClusterSpec,
  options: OperatedOptions,
  work: (operated: Operated) => Promise<T>,
): Promise<T> {
  const json = JSON.parse(JSON.stringify(buildCapture(spec)));
  const parsed = parseCapture({ ...json, ...(options.at && { capturedAt: options.at }) });
  if (!('ok' in parsed)) throw new Error(JSON.stringify(parsed.problems));
  return operateOn(parsed.ok, options, work);
}

/** The same on a capture. */
export async function operateOn<T>(
  capture: Capture,
  options: Omit<OperatedOptions, 'at'>,
  work: (operated: Operated) => Promise<T>,
): Promise<T> {
  const account = createAccount({ capture, seed: options.seed ?? 1 });
  let deployment: Deployment | undefined;
  try {
    return await inVirtualTime(
      account,
      async () => {
        deployment = await deploy(account, { bakeSeconds: 60, ...options.settings });
        const seen: [Observation, number][] = [];
        account.observe((observation) => seen.push([observation, account.clock.elapsedSeconds]));
        account.faults.tell({ outdated: () => [], targetImages: () => [] });
        for (const fault of faultsSchema.parse(options.faults ?? [])) account.faults.arm(fault);
        const pass = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
        return work({
          account,
          deployment,
          seen,
          pass,
          async until(isSo, withinSeconds = 86_400) {
            const limit = account.clock.elapsedSeconds + withinSeconds;
            while (!(await isSo())) {
              if (account.clock.elapsedSeconds > limit) throw new Error(`not so within ${withinSeconds} s`);
              await pass(LOOK_SECONDS);
            }
          },
        });
      },
      { caller: 'operator', limitSeconds: 60 * 86_400 },
    );
  } finally {
    deployment?.remove();
  }
}
