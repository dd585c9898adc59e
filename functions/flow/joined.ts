/** Named hosts with a deadline that were handed to a run: taken into it at its next look, and settled at its end. */
import { dropPending, keepPending, listPending } from '../aws/ledger/notes.ts';
import { type Run, remember, writeJoin, writeRunPlan } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Facts } from '../core/facts.ts';
import { joinHosts, leftOf } from '../core/joining.ts';
import type { Plan } from '../core/plan.ts';
import { tell } from './notices.ts';
import { purposeOf } from './purpose.ts';

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

/** The run is over: a request whose named hosts have gone is answered; of the others what is left waits on. */
export async function settleJoins(table: Table, { record, memory }: Run): Promise<void> {
  if (memory?.joins === undefined) return;
  const purposes = new Set(memory.joins.map(({ purpose }) => purpose));
  for (const pending of await listPending(table, record.cluster)) {
    if (!purposes.has(pending.purpose)) continue;
    const instances = (pending.request.instances ?? []) as readonly string[];
    const left = leftOf(instances, memory);
    if (left.length === instances.length) continue;
    if (left.length > 0) {
      const request = { ...pending.request, instances: left };
      await keepPending(table, { ...pending, request, purpose: purposeOf(request) });
    }
    await dropPending(table, pending);
  }
}
