/** A request whose image has to prove itself on another cluster first (setting `after`): until when it waits, and why. */
import type { Cluster } from '@aws-sdk/client-ecs';
import { listHistory, type PendingRequest } from '../aws/ledger/notes.ts';
import type { Table } from '../aws/ledger/table.ts';
import { NOT_SOAKED } from '../core/images/checks.ts';
import { soakOf } from '../core/images/soak.ts';
import type { Plan } from '../core/plan.ts';
import type { Settings } from '../core/settings.ts';
import type { Request } from '../edge/request.ts';
import { imagesWanted } from './followers.ts';
import { pastRunsOf } from './planning.ts';

/** Nothing else speaks against the run: it waits instead of being refused. */
export function waitsForSoak({ verdict, findings }: Plan): boolean {
  const blocks = findings.filter(({ severity }) => severity === 'blocks');
  return verdict === 'REFUSED' && blocks.length > 0 && blocks.every(({ code }) => code === NOT_SOAKED);
}

type SoakWait = Required<Pick<PendingRequest, 'why' | 'imageIds'>> &
  Pick<PendingRequest, 'notBeforeMs' | 'after'>;

export async function soakWaitOf(
  table: Table,
  cluster: Cluster,
  { image }: Request,
  { after }: Settings,
  nowMs: number,
): Promise<SoakWait> {
  const imageIds = await imagesWanted(cluster, image);
  if (after === undefined) return { why: 'its image has to prove itself first', imageIds };
  const pastRuns = pastRunsOf(await listHistory(table, after.cluster));
  const open = imageIds.map((id) => soakOf(id, after, pastRuns, nowMs)).filter((soak) => !soak.done);
  const moments = open.map(({ atMs }) => atMs);
  const known = moments.filter((atMs) => atMs !== undefined);
  return {
    why: open.map(({ why }) => why).join('; '),
    imageIds,
    after,
    ...(known.length > 0 && known.length === moments.length && { notBeforeMs: Math.max(...known) }),
  };
}

/** Asked by the sweep each time: a run on the other cluster may have ended otherwise meanwhile. */
export async function hasSoaked(
  table: Table,
  { imageIds = [], after }: PendingRequest,
  nowMs: number,
): Promise<boolean> {
  if (after === undefined) return true;
  const pastRuns = pastRunsOf(await listHistory(table, after.cluster));
  return imageIds.every((id) => soakOf(id, after, pastRuns, nowMs).done);
}
