import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  listQuarantine,
  QUARANTINE_DAYS,
  quarantine,
  releaseImage,
} from '../../functions/aws/ledger/notes.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const ENTRY = { imageId: 'ami-0bbbbbbbbbbbbbbb2', reason: 'it never joined', atMs: 1_795_348_800_000 };
const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers({ now: ENTRY.atMs }));
afterEach(() => void vi.useRealTimers());

it('an image is in quarantine until its time is over, whether DynamoDB has deleted it or not', async () => {
  const { table } = fakeLedger();
  await quarantine(table, ENTRY);
  vi.setSystemTime(ENTRY.atMs + QUARANTINE_DAYS * DAY_MS - 1000);
  expect(await listQuarantine(table)).toEqual([ENTRY]);
  vi.setSystemTime(ENTRY.atMs + QUARANTINE_DAYS * DAY_MS + 1000);
  expect(await listQuarantine(table)).toEqual([]);
});

it('an image is released by hand, once', async () => {
  const { table } = fakeLedger();
  await quarantine(table, ENTRY);
  expect(await releaseImage(table, ENTRY.imageId)).toBe(true);
  expect(await listQuarantine(table)).toEqual([]);
  expect(await releaseImage(table, ENTRY.imageId)).toBe(false);
});
