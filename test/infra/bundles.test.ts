import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleHandlers, literalKeys } from '../../infra/bundles.ts';
import { BESIDES, FUNCTION_NAMES, type FunctionName, grantsOf } from '../../infra/grants.ts';

const EC2 = '@aws-sdk/client-ec2';

/** What the stack gives every function. */
const ENVIRONMENT = {
  TABLE_NAME: 'ledger',
  NOTIFICATION_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111122223333:notifications',
  STATE_MACHINE_ARN: 'arn:aws:states:eu-west-1:111122223333:stateMachine:ecs-rollover',
  ROLLOVER_SETTINGS: '{}',
  ROLLOVER_GUARDRAILS: '{}',
};

/** IAM's name of each service. Source: the service authorization reference. */
const IAM_PREFIX: Readonly<Record<string, string>> = {
  'client-auto-scaling': 'autoscaling',
  'client-cloudwatch': 'cloudwatch',
  'client-dynamodb': 'dynamodb',
  'client-ec2': 'ec2',
  'client-ecr': 'ecr',
  'client-ecs': 'ecs',
  'client-elastic-load-balancing-v2': 'elasticloadbalancing',
  'client-eventbridge': 'events',
  'client-imagebuilder': 'imagebuilder',
  'client-service-quotas': 'servicequotas',
  'client-sfn': 'states',
  'client-sns': 'sns',
  'client-ssm': 'ssm',
};

/** Comes with DynamoDB's client for endpoint discovery, which is off unless somebody asks for it. */
const NEVER_MADE = 'dynamodb:DescribeEndpoints';

const directory = mkdtempSync(join(tmpdir(), 'rollover-bundles-'));
let bundles: readonly Bundle[] = [];

beforeAll(async () => {
  bundles = await bundleHandlers(directory);
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the bundles', () => {
  it('stay small enough to start quickly: 600 KB, or 1.3 MB with the EC2 client', () => {
    const tooLarge = bundles.filter(
      ({ bytes, packages }) => bytes > (packages.has(EC2) ? 1_300_000 : 600_000),
    );
    expect(tooLarge.map(({ name, bytes }) => `${name}: ${bytes}`)).toEqual([]);
  });

  it('carry the EC2 client only where the handler calls EC2', () => {
    const without = bundles.filter(({ packages }) => !packages.has(EC2)).map(({ name }) => name);
    expect(without).toEqual(['drill', 'register', 'drain', 'report']);
  });

  it('carry the SDK, so that what was rehearsed is what runs', () => {
    for (const { packages } of bundles) expect(packages).toContain('@aws-sdk/client-dynamodb');
  });

  it('can be loaded, and export the handler', () => {
    const imports = bundles.map(
      (bundle) => `[${JSON.stringify(bundle.name)}, typeof (await import(${url(bundle)})).handler]`,
    );
    const script = `console.log(JSON.stringify([${imports}].filter(([, type]) => type !== 'function')))`;
    const out = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, ...ENVIRONMENT },
      encoding: 'utf8',
    });
    expect(out.trim()).toBe('[]');
  });
});

describe("a handler's role", () => {
  /** The actions that the handler's code can ask for. */
  const callsOf = (name: FunctionName): readonly string[] =>
    [...(bundles.find((bundle) => bundle.name === name)?.commands ?? [])]
      .map((command) => {
        const [client = '', operation] = command.split('/');
        return `${IAM_PREFIX[client] ?? client}:${operation}`;
      })
      .filter((call) => call !== NEVER_MADE);

  it.each(FUNCTION_NAMES)('grants %s every call that its code can make', (name) => {
    const granted = new Set(grantsOf(name).flatMap(({ actions }) => actions));
    expect(callsOf(name).length).toBeGreaterThan(0);
    expect(callsOf(name).filter((call) => !granted.has(call))).toEqual([]);
  });

  it.each(FUNCTION_NAMES)('grants %s nothing else but what AWS asks for besides, with a reason', (name) => {
    const besides = BESIDES.filter(({ of }) => of.includes(name)).map(({ action }) => action);
    const wanted = new Set([...callsOf(name), ...besides]);
    const granted = grantsOf(name).flatMap(({ actions }) => actions);
    expect(granted.filter((action) => !wanted.has(action))).toEqual([]);
  });
});

describe('a client with literal keys', () => {
  const received: string[] = [];
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        received.push(body);
        response.end(
          '<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId><imageOwnerId>444455556666</imageOwnerId>' +
            '<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeSize>30</volumeSize></ebs></item>' +
            '</blockDeviceMapping></item></imagesSet></DescribeImagesResponse>',
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('asks and understands exactly as the one from the package', async () => {
    await build({
      stdin: {
        contents: `export { EC2Client, DescribeImagesCommand } from '${EC2}';`,
        resolveDir: process.cwd(),
      },
      outfile: join(directory, 'ec2.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      minify: true,
      mainFields: ['module', 'main'],
      plugins: [literalKeys],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const bundled: { EC2Client: typeof EC2Client; DescribeImagesCommand: typeof DescribeImagesCommand } =
      await import(pathToFileURL(join(directory, 'ec2.mjs')).href);
    const options = { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const input = { ImageIds: ['ami-1'], Filters: [{ Name: 'state', Values: ['available', 'pending'] }] };

    const theirs = await new EC2Client(options).send(new DescribeImagesCommand(input));
    const ours = await new bundled.EC2Client(options).send(new bundled.DescribeImagesCommand(input));

    expect(received[1]).toBe(received[0]);
    expect(received[0]).toContain('Filter.1.Value.2=pending');
    expect(ours.Images).toEqual(theirs.Images);
    expect(ours.Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.VolumeSize).toBe(30);
  });
});

function url({ directory: folder }: Bundle): string {
  return JSON.stringify(pathToFileURL(join(folder, 'index.mjs')).href);
}
