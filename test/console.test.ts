/** By hand in the console: what docs/console.md lets people paste works, under any name, and is answered in words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeExecutionCommand, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { sfn } from '../functions/aws/clients.ts';
import { MODES, parseRequest, type RequestInput } from '../functions/edge/request.ts';
import { NEW_IMAGE } from '../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../rehearsal/clusters/spec.ts';
import { operate } from './support/operated-account.ts';

const file = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const PAGE = file('docs/console.md');
const BLOCKS = [...PAGE.matchAll(/^```json\n([\s\S]*?)```/gm)].map((match) => match[1] ?? '');

interface Machine {
  readonly Comment?: string;
  readonly States: Readonly<Record<string, { readonly Comment?: string; readonly Type: string }>>;
}
const machine = (name: string) => JSON.parse(file(`statemachine/${name}.asl.json`)) as Machine;

describe('docs/console.md', () => {
  it.each(BLOCKS)('has a request that can be pasted: %s', (block) => {
    expect(parseRequest(JSON.parse(block))).toMatchObject({ ok: true });
  });

  it('has one for each mode', () => {
    const modes = BLOCKS.map((block) => (JSON.parse(block) as RequestInput).mode ?? 'roll');
    expect([...new Set(modes)].sort()).toEqual([...MODES].sort());
  });

  it('names states that are in the graph, each task among them', () => {
    const { States } = machine('rollover');
    const named = [...PAGE.matchAll(/^\| ([A-Z][^|]*) \|/gm)].flatMap(([, cell = '']) =>
      cell.trim().split(' · '),
    );
    expect(named.filter((name) => !(name in States))).toEqual([]);
    const tasks = Object.entries(States).filter(([name, { Type }]) => Type === 'Task' && name !== 'Game day');
    expect(tasks.map(([name]) => name).filter((name) => !named.includes(name))).toEqual([]);
  });
});

it.each(['rollover', 'retirement'])('every state of the %s machine says what it does', (name) => {
  const { Comment, States } = machine(name);
  const silent = Object.entries(States).filter(([, state]) => (state.Comment ?? '').length < 10);
  expect([Comment, ...silent.map(([state]) => state)]).toEqual([expect.stringMatching(/\w{3}/)]);
});

const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 4, cpu: 256, memoryMiB: 512 }],
};

/** What Step Functions takes as a name: 1 to 80 characters but blanks and some signs (API reference, StartExecution). */
const ODD_NAMES = [
  '42',
  'x',
  'prod-by-',
  'a-by-someone-zzz',
  'größe-ünïcode',
  '二十二',
  '3f1c5d0a-8b7e-4a69-9c2d-51e0f6a7b843',
  ".-_(=)+@!'",
  'n'.repeat(80),
];

describe('an execution that somebody starts', () => {
  const run = (name: string, request: object) =>
    operate(CLUSTER, {}, async ({ deployment, pass, account }) => {
      const { executionArn } = await sfn.send(
        new StartExecutionCommand({
          stateMachineArn: deployment.stateMachineArn,
          name,
          input: JSON.stringify(request),
        }),
      );
      for (;;) {
        await pass(60);
        const answer = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        if (answer.status !== 'RUNNING')
          return { ...answer, images: account.truth.hosts().filter(({ state }) => state === 'running') };
      }
    });

  it.each(ODD_NAMES)('may be called %s', async (name) => {
    const { status, output = '' } = await run(name, { cluster: 'prod', mode: 'plan' });
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output)).toMatchObject({ runId: name, reason: 'a run would replace 2 hosts' });
  });

  it('rolls under an odd name too, and its green output can be read', async () => {
    const { status, output = '', images } = await run('größe-(2)', { cluster: 'prod' });
    expect(status).toBe('SUCCEEDED');
    const told = JSON.parse(output) as { outcome: string; reason: string };
    expect(told).toMatchObject({ outcome: 'SUCCEEDED', reason: expect.stringMatching(/2 hosts replaced/) });
    expect(images.map(({ imageId }) => imageId)).toEqual([NEW_IMAGE, NEW_IMAGE]);
    // Words and numbers: no ticks since 1970, nothing packed.
    expect(output).not.toMatch(/"[^"]*Ms":|[A-Za-z0-9+/]{60,}={0,2}"/);
  });

  it('that is refused is red, with every problem in its cause', async () => {
    const { status, error, cause } = await run('typo', { cluster: 'prod', mode: 'rol', imgae: 'ami-1' });
    expect([status, error]).toEqual(['FAILED', 'REFUSED']);
    expect(cause).toMatch(/mode: must be one of roll, plan/);
    expect(cause).toMatch(/imgae: is not known here/);
  });
});
