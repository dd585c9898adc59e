/**
 * One look at the cluster as a run takes it, for `explain`: the same facts, the same decision, and nothing done with it.
 * The user's own credentials read; of a large cluster the run's picture is used and not written.
 */

import { readWorld } from '../../functions/aws/facts/read-facts.ts';
import type { Run } from '../../functions/aws/ledger/runs.ts';
import { loadPicture } from '../../functions/aws/ledger/snapshots.ts';
import { decide } from '../../functions/core/decide.ts';
import type { Hold } from '../../functions/core/step.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { factClients } from '../../functions/flow/planning.ts';

/** Of one look; the largest clusters take several, and then the ledger has to do. */
const READ_SECONDS = 60;

/** Why hosts of a run that is under way do not move now. */
export async function holdsNow({ record, memory, plan }: Run): Promise<readonly Hold[]> {
  if (memory === undefined || plan === undefined || memory.phase === 'closed') return [];
  const nowMs = Date.now();
  const world = await readWorld(factClients, {
    cluster: record.cluster,
    memory,
    nowMs,
    alarms: record.settings.alarms,
    look: 'tick',
    remembering: {
      load: () => loadPicture(ledger(), record.runId),
      save: async () => {},
      untilMs: nowMs + READ_SECONDS * 1000,
    },
  });
  return world === undefined ? [] : decide(world.facts, plan, record.settings, nowMs).holds;
}
