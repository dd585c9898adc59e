/** Spot gives notice that it takes a host: the run that has its cluster, if there is one, hears of it at its next look. */
import { ecs } from '../aws/clients.ts';
import { registeredAmong } from '../aws/container-instances.ts';
import { listClaims } from '../aws/ledger/claims.ts';
import { isKnownInterruption, writeInterruption } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Interruption } from '../core/interruption.ts';
import { tell } from './tell.ts';

/** @returns in words what came of it */
export async function passOn(table: Table, interruption: Interruption): Promise<string> {
  const { instanceId } = interruption;
  for (const { cluster, runId } of await listClaims(table)) {
    if (!(await registeredAmong(ecs, cluster, [instanceId])).has(instanceId)) continue;
    if (await isKnownInterruption(table, runId, instanceId)) return `${instanceId}: known already`;
    const message = `${cluster}: Spot takes ${instanceId} back in two minutes: its tasks count as moving`;
    await tell([{ kind: 'spot-interruption', cluster, runId, message, detail: { instanceId } }]);
    // Last: what a crash interrupts is told again, not left out.
    await writeInterruption(table, runId, interruption);
    return message;
  }
  return `Spot takes ${instanceId} back: no run has a cluster with that host`;
}
