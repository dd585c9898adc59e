/** Named hosts with a deadline that were handed to a run: taken into it at its next look, and settled at its end. */
import { dropPending, keepPending, listPending } from '../aws/ledger/notes.ts';
import { type Run, remember, writeJoin, writeRunPlan } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Facts } from '../core/facts.ts';
import { joinHosts, leftOf } from '../core/joining.ts';
import type { Plan } from '../core/plan.ts';
import { purposeOf } from './purpose.ts';
import { tell } from './tell.ts';

/** Takes into the run what was handed to it since its last look. Safe to repeat: hosts are taken once. */
export async function takeJoins(
  table: Table,
  { record, plan }: Run & { readonly plan: Plan },
  facts: Facts,
  nowMs: number,
): Promise<{ readonly plan: Plan; readonly facts: Facts }> {
  const joined = joinHosts(facts, plan, nowMs);
  if (joined === undefined) return { plan, facts };
  const { cluster, runId, settings } = record;
  const { added, joins, hosts, services } = joined;
  await tell(
    joins.map(({ by, deadlineMs, hosts: named }) => {
      const until = new Date(deadlineMs).toISOString();
      const ids = named.map(({ instanceId }) => instanceId);
      const message = `${cluster}: ${ids.join(', ')} to be replaced by ${until}, asked for by ${by}: before all others (${added.length} of them new to the run)`;
      return { kind: 'hosts-joined', cluster, runId, message, detail: { instances: ids, added } };
    }),
    settings,
  );
  await remember(table, facts.memory, { groups: [], hosts, services });
  if (added.length > 0) await writeRunPlan(table, runId, joined.plan, record.startedAtMs);
  for (const join of joins) await writeJoin(table, runId, join);
  return { plan: joined.plan, facts: { ...facts, memory: joined.memory } };
}

/**
 * The run is over: requests that waited for it and whose named hosts have gone are answered, and people hear of it; of the
 * others what is left waits on. Whether the run was asked for these hosts, or had them in hand anyway, is the same.
 */
export async function settleNamed(table: Table, { record, memory }: Run): Promise<void> {
  const { cluster, runId, settings } = record;
  for (const pending of await listPending(table, cluster)) {
    const instances = (pending.request.instances ?? []) as readonly string[];
    if (pending.waitsFor !== 'other-run' || memory === undefined) continue;
    const left = leftOf(instances, memory);
    if (left.length === instances.length) continue;
    if (left.length > 0) {
      const request = { ...pending.request, instances: left };
      await keepPending(table, { ...pending, request, purpose: purposeOf(request) });
    } else {
      const message = `${cluster}: ${instances.join(', ')} had gone when ${runId} ended: the request that waited for them is answered`;
      await tell([{ kind: 'request-answered', cluster, runId, message, detail: { instances } }], settings);
    }
    await dropPending(table, pending);
  }
}
