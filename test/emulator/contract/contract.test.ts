/**
 * The same questions to the emulator and to the embedded account. Each difference between their answers is in
 * differences.ts, judged and with its source: a new one fails here, and so does one that is no longer there.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployState, openEmulator } from '../emulator.ts';
import type { Gateway } from '../gateway.ts';
import { makeClients, makeCluster } from '../world/cluster.ts';
import { askEmbedded, askEmulator, captureOf, namesOf } from './accounts.ts';
import { type Ask, asks } from './asks.ts';
import { type Answer, differencesOf, rowOf, tableOf } from './compare.ts';
import { JUDGEMENTS } from './differences.ts';

let gateway: Gateway;
let questions: readonly Ask[];
let ours: readonly Answer[];
let theirs: readonly Answer[];

beforeAll(async () => {
  gateway = await openEmulator();
  const clients = makeClients();
  const world = await makeCluster(clients, { hosts: 3, tasks: 6 });
  await deployState();
  const names = await namesOf(clients, world, process.env.NOTIFICATION_TOPIC_ARN ?? '');
  const capture = await captureOf(names);
  questions = asks(names);
  theirs = await askEmulator(questions);
  ours = await askEmbedded(questions, capture);
});
afterAll(() => gateway.close());

describe('the emulator and the embedded account', () => {
  it('differ in their answers where differences.ts says so, and nowhere else', () => {
    const found = questions.flatMap(({ service, operation, how, isLater }, at) => {
      const [mine, other] = [ours[at], theirs[at]];
      if (mine === undefined || other === undefined) throw new Error(`${operation} was not answered`);
      return differencesOf(`${service}.${operation}${how && ` (${how})`}`, mine, other, isLater);
    });
    const judged = JUDGEMENTS.flatMap(({ rows }) => rows);
    expect(tableOf(found).map(rowOf).sort()).toEqual([...judged].sort());
  });

  it('agree on most of the calls word for word', () => {
    const differing = new Set(
      JUDGEMENTS.flatMap(({ rows }) => rows).flatMap((row) => row.split(' | ')[0]?.split(', ')),
    );
    const agreed = questions.filter(
      ({ service, operation, how }) => !differing.has(`${service}.${operation}${how && ` (${how})`}`),
    );
    expect(agreed.length).toBeGreaterThan(questions.length / 3);
  });
});
