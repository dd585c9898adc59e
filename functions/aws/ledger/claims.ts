/**
 * One claim per cluster: whoever holds it may change the cluster. It names its owner (an execution), carries a token that
 * rises with every change of owner, and expires unless a tick renews it. An acting handler verifies the token right before
 * each change: a Lambda of a run that lost its claim finds out before it does harm.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Item, Table } from './table.ts';

const PARTITION = 'CLAIM';
/**
 * Longer than the longest wait and the retries of one state (statemachine/rollover.asl.json). Whether an owner lives is
 * asked of Step Functions first; the expiry decides only where it cannot say.
 */
const CLAIM_MS = 30 * 60_000;
const CHANGE_TRIES = 4;

export interface Claim {
  readonly cluster: string;
  /** ARN of the execution; undefined once it is free. */
  readonly owner?: string;
  readonly token: number;
  readonly runId: string;
  readonly expiresAtMs: number;
  /** What the run is for, so that a second request for the same can be told from another one. */
  readonly purpose: string;
  /** ARN of the execution that gave the claim to its owner, and was to start it. */
  readonly handedOverBy?: string;
  /** How often an execution took the run over whose owner had died. */
  readonly takeovers?: number;
}

export interface Claimant {
  readonly cluster: string;
  readonly owner: string;
  readonly runId: string;
  readonly purpose: string;
  readonly nowMs: number;
  /** The claim of a dead owner that is taken over; its run goes on under its own id. */
  readonly takesOver?: Claim;
}

/** The claim on a cluster, if somebody holds it. */
export async function readClaim(table: Table, cluster: string): Promise<Claim | undefined> {
  const item = await table.get<Claim>(PARTITION, cluster);
  return item?.data.owner === undefined ? undefined : item.data;
}

/** Every claim that somebody holds. */
export async function listClaims(table: Table): Promise<Claim[]> {
  const items = await table.query<Claim>(PARTITION);
  return items.map((item) => item.data).filter((claim) => claim.owner !== undefined);
}

/** The claim, or who holds it instead. */
export type Taking = { readonly claim: Claim } | { readonly heldBy: string };

/**
 * Takes the claim, or takes it again: the same owner gets the same token. Another owner's claim is left alone unless it
 * is the very one that is taken over.
 */
export async function takeClaim(table: Table, claimant: Claimant): Promise<Taking> {
  const { cluster, owner, runId, purpose, nowMs, takesOver } = claimant;
  const item = await table.get<Claim>(PARTITION, cluster);
  const held = item?.data;
  if (held?.owner === owner) return { claim: held };
  if (held?.owner !== undefined && held.token !== takesOver?.token) return { heldBy: held.owner };
  const claim: Claim = {
    cluster,
    owner,
    token: (held?.token ?? 0) + 1,
    runId,
    purpose,
    expiresAtMs: nowMs + CLAIM_MS,
    ...(held?.owner !== undefined && { takeovers: (held.takeovers ?? 0) + 1 }),
  };
  if (await table.replace(claimItem(claim, item), item?.version)) return { claim };
  const winner = await readClaim(table, cluster);
  return winner?.owner === owner ? { claim: winner } : { heldBy: winner?.owner ?? 'another run' };
}

/** Is the token still the claim's? Asked right before each change of the cluster. */
export async function holdsClaim(table: Table, cluster: string, token: number): Promise<boolean> {
  return (await readClaim(table, cluster))?.token === token;
}

/** Lives on; false when the claim is lost. */
export function renewClaim(table: Table, cluster: string, token: number, nowMs: number): Promise<boolean> {
  return change(table, cluster, token, (claim) => ({ ...claim, expiresAtMs: nowMs + CLAIM_MS }));
}

/**
 * The successor execution holds the claim from now on, under a token of its own: what is still at work for the former one,
 * or is delivered to it again, is fenced. False when the claim is lost, or given away already.
 */
export function handOverClaim(
  table: Table,
  cluster: string,
  token: number,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> {
  return change(table, cluster, token, (claim) => ({
    ...claim,
    owner: to,
    token: claim.token + 1,
    handedOverBy: from,
  }));
}

/** Frees the cluster; the token stays remembered, so that the next one is higher. Freed already: nothing to do. */
export async function releaseClaim(table: Table, cluster: string, token: number): Promise<void> {
  await change(table, cluster, token, ({ owner: _, ...free }) => free);
}

async function change(
  table: Table,
  cluster: string,
  token: number,
  changed: (claim: Claim) => Claim,
): Promise<boolean> {
  let tried: Item | undefined;
  for (let tries = 0; tries < CHANGE_TRIES; tries += 1) {
    const item = await table.get<Claim>(PARTITION, cluster);
    // The answer to our own write was lost, and the SDK's repeat of it found it there.
    if (tried !== undefined && isDeepStrictEqual(item?.data, tried.data)) return true;
    if (item === undefined || item.data.token !== token || item.data.owner === undefined) return false;
    tried = claimItem(changed(item.data), item);
    if (await table.replace(tried, item.version)) return true;
  }
  throw new Error(`the claim on ${cluster} could not be changed: others change it all the time`);
}

function claimItem(claim: Claim, over: Item<Claim> | undefined): Item {
  return { pk: PARTITION, sk: claim.cluster, data: { ...claim }, version: (over?.version ?? 0) + 1 };
}
