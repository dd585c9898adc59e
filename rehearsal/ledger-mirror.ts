/**
 * The ledger as the product has written it so far, followed call by call: what the product said of its plan, its held
 * hosts and its endings. Statements of the product, shown as such; nothing that is judged comes from here.
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Claim } from '../functions/aws/ledger/claims.ts';
import type { ExecutionNote } from '../functions/aws/ledger/executions.ts';
import type { PendingRequest } from '../functions/aws/ledger/notes.ts';
import { planIn } from '../functions/aws/ledger/plans.ts';
import type { RunRecord } from '../functions/aws/ledger/runs.ts';
import type { Item } from '../functions/aws/ledger/table.ts';
import type { GameDayMemory } from '../functions/core/game-day/facts.ts';
import type { HostMemory } from '../functions/core/memory.ts';
import type { NoticeEntry } from '../functions/core/notices/entry.ts';
import type { Plan } from '../functions/core/plan.ts';
import type { RedeployMemory } from '../functions/core/redeploy/facts.ts';
import type { Observation } from '../simulator/observation.ts';

export interface MirroredRun {
  readonly record: RunRecord;
  readonly plan: Plan | undefined;
  readonly hosts: readonly HostMemory[];
}

type Marshalled = Parameters<typeof unmarshall>[0];

/** Inputs of the writes that the ledger makes, as the SDK has them. */
interface WriteInput {
  readonly Item?: Marshalled;
  readonly Key?: Marshalled;
  readonly RequestItems?: Readonly<
    Record<string, readonly { PutRequest?: { Item: Marshalled }; DeleteRequest?: { Key: Marshalled } }[]>
  >;
}

const RUN = 'RUN#';
/** Begins the sort key of every item that a plan is made of. */
const PLAN = 'PLAN';

export class LedgerMirror {
  /** Items by partition, each by sort key. */
  readonly #partitions = new Map<string, Map<string, Item>>();
  /** Runs in the order in which they began. */
  readonly #runIds = new Set<string>();
  /** The judge asks at every observation: made anew only after a write. */
  #runs: readonly MirroredRun[] | undefined;
  /** By partition; an entry without a plan says that there is none. */
  readonly #plans = new Map<string, Plan | undefined>();

  observe(observation: Observation): void {
    if (observation.kind !== 'call' || (observation.answer !== 'ok' && observation.answer !== 'lost')) return;
    const input = observation.input as WriteInput | undefined;
    switch (observation.operation) {
      case 'DynamoDB.PutItem':
        if (input?.Item) this.#put(input.Item);
        break;
      case 'DynamoDB.DeleteItem':
        if (input?.Key) this.#remove(input.Key);
        break;
      case 'DynamoDB.BatchWriteItem':
        for (const write of Object.values(input?.RequestItems ?? {}).flat()) {
          if (write.PutRequest) this.#put(write.PutRequest.Item);
          if (write.DeleteRequest) this.#remove(write.DeleteRequest.Key);
        }
        break;
    }
  }

  /** Runs of the ledger, oldest first. */
  runs(): readonly MirroredRun[] {
    this.#runs ??= [...this.#runIds].flatMap((pk) => {
      const partition = this.#partitions.get(pk);
      const record = partition?.get('RUN')?.data as RunRecord | undefined;
      if (!partition || !record) return [];
      return [
        {
          record,
          plan: this.#planOf(pk, partition),
          get hosts() {
            return hostsIn(partition);
          },
        },
      ];
    });
    return this.#runs;
  }

  /** A claim is held, a request waits, or hosts stand that its next window takes over: the ledger's work is not over. */
  get isOpen(): boolean {
    const isLeft = (pk: string) => (this.#partitions.get(pk)?.size ?? 0) > 0;
    const waits = isLeft('PENDING') || isLeft('SURPLUS') || this.notices().some(isWaiting);
    return waits || this.claims().length > 0;
  }

  notices(): NoticeEntry[] {
    return this.#partition('NOTICE').map(({ data }) => data as unknown as NoticeEntry);
  }

  /** What became of services whose tasks were retired, as each run wrote it down. */
  redeploys(): { readonly cluster: string; readonly serviceName: string; readonly memory: RedeployMemory }[] {
    return this.runs().flatMap(({ record: { cluster, runId } }) =>
      this.#partition(`${RUN}${runId}`)
        .filter(({ sk }) => sk.startsWith('REDEPLOY#'))
        .map(({ data }) => ({ cluster, ...(data as { serviceName: string; memory: RedeployMemory }) })),
    );
  }

  /** What became of services of game days, as each run wrote it down. */
  gameDays(): { readonly cluster: string; readonly serviceName: string; readonly memory: GameDayMemory }[] {
    return this.runs().flatMap(({ record: { cluster, runId } }) =>
      this.#partition(`${RUN}${runId}`)
        .filter(({ sk }) => sk.startsWith('GAMEDAY#'))
        .map(({ data }) => ({ cluster, ...(data as { serviceName: string; memory: GameDayMemory }) })),
    );
  }

  claims(): Claim[] {
    return this.#partition('CLAIM')
      .map(({ data }) => data as unknown as Claim)
      .filter(({ owner }) => owner !== undefined);
  }

  pending(): PendingRequest[] {
    return this.#partition('PENDING').map(({ data }) => data as unknown as PendingRequest);
  }

  /** People were told how this execution, or the run of its name, ended. */
  isTold(execution: string): boolean {
    const note = this.#partitions.get('EXECUTION')?.get(execution)?.data as ExecutionNote | undefined;
    const { runId = execution, toldAtMs } = note ?? {};
    return toldAtMs !== undefined || (runId !== execution && this.isTold(runId));
  }

  /** A run of a large cluster has thousands of items and is written all the time; its plan is not. */
  #planOf(pk: string, partition: ReadonlyMap<string, Item>): Plan | undefined {
    if (!this.#plans.has(pk)) this.#plans.set(pk, planIn([...partition.values()]));
    return this.#plans.get(pk);
  }

  #changed({ pk, sk }: Pick<Item, 'pk' | 'sk'>): void {
    this.#runs = undefined;
    if (sk.startsWith(PLAN)) this.#plans.delete(pk);
  }

  #partition(pk: string): Item[] {
    return [...(this.#partitions.get(pk)?.values() ?? [])];
  }

  #put(marshalled: Marshalled): void {
    const item = unmarshall(marshalled) as Item;
    const partition = this.#partitions.get(item.pk) ?? new Map<string, Item>();
    partition.set(item.sk, item);
    this.#partitions.set(item.pk, partition);
    if (!item.pk.startsWith(RUN)) return;
    this.#runIds.add(item.pk);
    this.#changed(item);
  }

  #remove(marshalled: Marshalled): void {
    const { pk, sk } = unmarshall(marshalled) as Item;
    this.#partitions.get(pk)?.delete(sk);
    this.#changed({ pk, sk });
  }
}

/** A run of its own will answer it: at once, or when its window opens. */
function isWaiting({ kind, state, cluster }: NoticeEntry): boolean {
  return kind === 'fargate-tasks' && cluster !== undefined && ['seen', 'planned', 'acting'].includes(state);
}

function hostsIn(partition: ReadonlyMap<string, Item>): HostMemory[] {
  return [...partition.values()]
    .filter(({ sk }) => sk.startsWith('HOST#'))
    .map(({ data }) => data as unknown as HostMemory);
}
