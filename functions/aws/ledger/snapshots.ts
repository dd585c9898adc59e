/**
 * A run's picture of its cluster in the ledger: hosts dealt out to a fixed number of items, compressed, and only those
 * rewritten in which a host changed. A snapshot that is lost, or half written, costs reads and nothing else: what it says
 * of a host is checked against that host's version.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { perContainer } from '../container-memory.ts';
import { type HostTasks, Picture, type PictureState } from '../facts/picture.ts';
import type { Item, Table } from './table.ts';

/** 50,000 tasks, about 60 bytes each when compressed, make items of some 12 KB: far from DynamoDB's 400 KB. */
const ITEMS = 256;
/** Most are smaller; zlib's own buffer of 16 KB for each of them is memory to throw away. */
const ITEM_BYTES = 4_096;
const KEPT_DAYS = 7;
const STATE = 'STATE';

interface Stored extends PictureState {
  /** Counts the saves: a container that made the last one need not read its own snapshot again. */
  readonly saves: number;
}

/**
 * A picture that is whole is written again only after so long: another container would believe it no more than it believes
 * an older one, and the one that knows better goes on with its own.
 */
const WRITTEN_EVERY_MS = 120_000;

interface Kept {
  readonly saves: number;
  readonly picture: Picture;
  readonly writtenAtMs: number;
  /** As it was written. */
  readonly isWhole: boolean;
}

const kept = perContainer(() => new Map<string, Kept>());

/** The picture of a run as it was last saved; an empty one when there is none. */
export async function loadPicture(table: Table, runId: string): Promise<Picture> {
  const stored = await table.get<Stored>(pkOf(runId), STATE);
  if (stored === undefined) return new Picture();
  const { saves, ...state } = stored.data;
  const own = kept().get(runId);
  if (own?.saves === saves) return own.picture;
  const items = await table.query<{ gzip: Uint8Array }>(pkOf(runId), 'HOSTS#');
  return new Picture(
    state,
    items.flatMap(({ data }) => unpacked(data.gzip)),
  );
}

/** Writes what changed since the picture was last written; the state last, so that it never says more than there is. */
export async function savePicture(
  table: Table,
  runId: string,
  picture: Picture,
  nowMs: number,
): Promise<void> {
  const last = kept().get(runId);
  const isWhole = picture.state.sweep === undefined;
  const isKnown = last?.picture === picture && last.isWhole && isWhole;
  if (isKnown && nowMs - last.writtenAtMs < WRITTEN_EVERY_MS) return;
  const saves = ((await table.get<Stored>(pkOf(runId), STATE))?.data.saves ?? 0) + 1;
  const ttl = Math.floor(nowMs / 1000) + KEPT_DAYS * 86_400;
  const dirty = new Set([...picture.changed].map(itemOf));
  const hosts = Map.groupBy(picture.hosts, ([id]) => itemOf(id));
  await table.putAll(
    [...dirty].map((at): Item => {
      const gzip = packed(hosts.get(at) ?? []);
      return { pk: pkOf(runId), sk: keyOf(at), data: { gzip }, ttl };
    }),
  );
  await table.put({ pk: pkOf(runId), sk: STATE, data: { ...picture.state, saves }, ttl });
  picture.saved();
  kept().set(runId, { saves, picture, writtenAtMs: nowMs, isWhole });
}

/** At the end of a run. */
export async function removePicture(table: Table, runId: string): Promise<void> {
  if ((await table.get(pkOf(runId), STATE)) === undefined) return;
  kept().delete(runId);
  const keys = Array.from({ length: ITEMS }, (_, at) => keyOf(at));
  await table.removeAll(pkOf(runId), [...keys, STATE]);
}

function packed(hosts: readonly (readonly [string, HostTasks])[]): Uint8Array {
  return gzipSync(JSON.stringify(hosts), { level: 1, chunkSize: ITEM_BYTES });
}

function unpacked(gzip: Uint8Array): [string, HostTasks][] {
  // Dates come out of JSON as text.
  return JSON.parse(gunzipSync(gzip).toString(), (key, value) =>
    (key === 'createdAt' || key === 'startedAt') && typeof value === 'string' ? new Date(value) : value,
  );
}

/** Always the same item for the same host, evenly among them. */
function itemOf(hostId: string): number {
  let hash = 0;
  for (let at = 0; at < hostId.length; at += 1) hash = (hash * 31 + hostId.charCodeAt(at)) >>> 0;
  return hash % ITEMS;
}

const keyOf = (at: number) => `HOSTS#${String(at).padStart(3, '0')}`;
const pkOf = (runId: string) => `PICTURE#${runId}`;
