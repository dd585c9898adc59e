/**
 * The template that `npm run synth` writes for those who have no CDK: linted, and created in the emulator through
 * CloudFormation, as its own instructions say.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUNCTION_NAMES, type FunctionName, grantsOf } from '../../infra/grants.ts';
import { openEmulator, REGION } from './emulator.ts';
import type { Gateway } from './gateway.ts';
import { NOT_CREATED, NOT_LINTED } from './template/not-created.ts';

interface Stack {
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly {
    readonly logicalId: string;
    readonly type: string;
    readonly status: string;
  }[];
  readonly functions: readonly {
    readonly name: string;
    readonly runtime: string;
    readonly timeout: number;
    readonly environment: readonly string[];
    readonly actions: readonly string[];
  }[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPLOY = fileURLToPath(new URL('template/deploy.py', import.meta.url));
const LINT = 'import sys; from cfnlint.runner import main; sys.exit(main())';
/** Megabytes: what the stack's description may take. */
const OUTPUT_MAX_BYTES = 32_000_000;
/** No step of a run may take longer (docs/architecture.md): Step Functions gives up after 90 s. */
const TIMEOUT_MAX_SECONDS = 60;
/** What the stack grants besides: each function's own log. */
const LOG = /^logs:/;

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'rollover-template-'));
const plain = join(directory, 'cloudformation');
let gateway: Gateway;
let template: { Resources: Record<string, { Type: string }> };

beforeAll(async () => {
  gateway = await openEmulator();
  await run(process.execPath, ['infra/synth.ts', '--directory', directory], { cwd: ROOT });
  template = JSON.parse(readFileSync(join(plain, 'template.json'), 'utf8'));
});
afterAll(async () => {
  await gateway.close();
  rmSync(directory, { recursive: true });
});

describe('the plain template', () => {
  it('passes cfn-lint', async () => {
    const ignored = NOT_LINTED.map(({ rule }) => rule).join(',');
    const args = [
      '-c',
      LINT,
      '--ignore-checks',
      ignored,
      '--regions',
      REGION,
      '--',
      join(plain, 'template.json'),
    ];
    const { stdout } = await run(python(), args).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  describe('created through CloudFormation', () => {
    let stack: Stack;
    beforeAll(async () => {
      const { stdout } = await run(python(), [DEPLOY, plain], {
        env: { ...process.env, AWS_DEFAULT_REGION: REGION },
        maxBuffer: OUTPUT_MAX_BYTES,
      });
      stack = JSON.parse(stdout);
    });

    it('is a stack with every resource but those that the emulator does not know', () => {
      expect(stack.status).toBe('CREATE_COMPLETE');
      const created = new Set(stack.resources.filter((one) => one.type !== '').map((one) => one.logicalId));
      const missing = Object.entries(template.Resources).filter(([name]) => !created.has(name));
      expect([...new Set(missing.map(([, { Type }]) => Type))].sort()).toEqual(
        NOT_CREATED.map(({ type }) => type).sort(),
      );
    });

    it('tells where the state machine and the topic are', () => {
      expect(Object.values(stack.outputs)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^arn:aws:states:.*:stateMachine:/),
          expect.stringMatching(/^arn:aws:sns:/),
        ]),
      );
    });

    it.each(FUNCTION_NAMES)(
      'gives %s its runtime, its surroundings, and by its role what it calls',
      (name) => {
        const made = stack.functions.find((one) => nameOf(one.name) === name);
        expect(made?.runtime).toBe('nodejs24.x');
        expect(made?.timeout).toBeLessThanOrEqual(TIMEOUT_MAX_SECONDS);
        expect(made?.environment).toEqual(expect.arrayContaining(['STATE_MACHINE_ARN', 'TABLE_NAME']));
        const ours = new Set(grantsOf(name).flatMap(({ actions }) => actions));
        const granted = (made?.actions ?? []).filter((action) => !LOG.test(action));
        expect(granted).toEqual([...ours].sort());
      },
    );
  });
});

/** CloudFormation's name of a function has the logical id in it. */
function nameOf(functionName: string): FunctionName | undefined {
  const name = /Functions([A-Z][a-z]+)[0-9A-F]{8}/.exec(functionName)?.[1]?.toLowerCase();
  return FUNCTION_NAMES.find((one) => one === name);
}

function python(): string {
  const path = process.env.EMULATOR_PYTHON;
  if (path === undefined) throw new Error('these tests need the emulator: npm run test:emulator');
  return path;
}
