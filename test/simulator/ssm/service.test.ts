import {
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParameterStore } from '../../../simulator/ssm/service.ts';
import type { ServiceEvent } from '../../../simulator/world.ts';
import { type Kernel, kernel, START_MS } from '../support/kernel.ts';

const PUBLIC = '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended';
let account: Kernel;
let store: ParameterStore;
let client: SSMClient;
let events: ServiceEvent[];

beforeEach(() => {
  account = kernel();
  events = [];
  store = new ParameterStore(
    {
      clock: account.clock,
      registry: account.dispatcher,
      bus: { emit: (event) => events.push(event) },
      accountId: '111122223333',
      region: 'eu-west-1',
      random: account.random,
      imageExists: (imageId) => imageId !== 'ami-missing',
    },
    [
      { Name: PUBLIC, Type: 'String', Value: '{"image_id":"ami-1"}', Version: 41 },
      { Name: '/images/golden', Type: 'String', Value: 'ami-2', Version: 3, DataType: 'aws:ec2:image' },
      { Name: 'flat', Type: 'String', Value: 'ami-3', Version: 1 },
    ],
  );
  client = new SSMClient({});
  account.dispatcher.attach(client, 'SSM');
});
afterEach(() => account.close());

const get = (Name: string) => account.finish(() => client.send(new GetParameterCommand({ Name })));
/** Until an AMI that it names has been looked up, too. */
async function put(Name: string, Value: string, Overwrite = true) {
  const answer = await account.finish(() => client.send(new PutParameterCommand({ Name, Value, Overwrite })));
  await account.pass(10);
  return answer;
}

describe('Parameter Store', () => {
  it('answers parameters with version and ARN; a public one belongs to no account', async () => {
    expect((await get('/images/golden')).Parameter).toMatchObject({
      Name: '/images/golden',
      Value: 'ami-2',
      Version: 3,
      ARN: 'arn:aws:ssm:eu-west-1:111122223333:parameter/images/golden',
      DataType: 'aws:ec2:image',
      LastModifiedDate: expect.any(Date),
    });
    expect((await get(PUBLIC)).Parameter?.ARN).toBe(`arn:aws:ssm:eu-west-1::parameter${PUBLIC}`);
  });

  it.each([
    ['name:version', '/images/golden:3'],
    ['ARN', 'arn:aws:ssm:eu-west-1:111122223333:parameter/images/golden'],
    ['ARN of a name without a path', 'arn:aws:ssm:eu-west-1:111122223333:parameter/flat'],
    ['ARN with a version', 'arn:aws:ssm:eu-west-1:111122223333:parameter/flat:1'],
  ])('finds a parameter by %s', async (_what, name) => {
    expect((await get(name)).Parameter?.Value).toMatch(/^ami-[23]$/);
  });

  it('keeps older versions and labels', async () => {
    await put('/images/golden', 'ami-4');
    await account.finish(() =>
      client.send(
        new LabelParameterVersionCommand({
          Name: '/images/golden',
          ParameterVersion: 3,
          Labels: ['stable', '1bad'],
        }),
      ),
    );
    expect((await get('/images/golden')).Parameter).toMatchObject({ Value: 'ami-4', Version: 4 });
    expect((await get('/images/golden:3')).Parameter).toMatchObject({ Value: 'ami-2', Selector: ':3' });
    expect((await get('/images/golden:stable')).Parameter?.Value).toBe('ami-2');
    await expect(get('/images/golden:1bad')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
    await expect(get('/images/golden:9')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
  });

  it('tells which of several names it does not know, and takes ten at most', async () => {
    const many = (Names: string[]) => account.finish(() => client.send(new GetParametersCommand({ Names })));
    const answer = await many(['flat', 'nothing']);
    expect(answer.Parameters?.map(({ Name }) => Name)).toEqual(['flat']);
    expect(answer.InvalidParameters).toEqual(['nothing']);
    await expect(many(Array.from({ length: 11 }, (_, at) => `p${at}`))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('lists a path in pages', async () => {
    for (let at = 0; at < 12; at++) store.put(`/images/n${at}`, 'x');
    const page = (NextToken?: string) =>
      account.finish(() => client.send(new GetParametersByPathCommand({ Path: '/images', NextToken })));
    const first = await page();
    const second = await page(first.NextToken);
    expect([first.Parameters?.length, second.Parameters?.length, second.NextToken]).toEqual([
      10,
      3,
      undefined,
    ]);
  });

  it('tells a change of an own parameter on the bus, without the value', async () => {
    await put('/images/golden', 'ami-4');
    expect(events).toEqual([
      {
        source: 'aws.ssm',
        detailType: 'Parameter Store Change',
        resources: ['arn:aws:ssm:eu-west-1:111122223333:parameter/images/golden'],
        detail: { operation: 'Update', name: '/images/golden', type: 'String' },
        delivery: 'best-effort',
      },
    ]);
  });

  it('tells nobody when a public parameter changes, but its version rises', async () => {
    store.put(PUBLIC, '{"image_id":"ami-9"}');
    expect(events).toEqual([]);
    expect((await get(PUBLIC)).Parameter).toMatchObject({
      Version: 42,
      LastModifiedDate: new Date(START_MS),
    });
    expect(store.valueOf(PUBLIC)).toBe('{"image_id":"ami-9"}');
  });

  it('refuses to overwrite unasked, reserved names and unknown parameters', async () => {
    await expect(put('flat', 'x', false)).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
    await expect(put('/aws/service/mine', 'x')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(put('new', 'x')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(get('nothing')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    expect(store.valueOf('nothing')).toBeUndefined();
  });
});

describe('a parameter of type aws:ec2:image', () => {
  const putImage = (Value: string, DataType = 'aws:ec2:image') =>
    account.finish(() =>
      client.send(
        new PutParameterCommand({ Name: '/images/golden', Value, DataType, Type: 'String', Overwrite: true }),
      ),
    );

  // Source: PutParameterRequest.DataType: the call returns before the validation is complete.
  it('answers a version that does not exist yet', async () => {
    expect((await putImage('ami-4')).Version).toBe(4);
    expect((await get('/images/golden')).Parameter).toMatchObject({ Version: 3, Value: 'ami-2' });
    await expect(get('/images/golden:4')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
    await account.pass(10);

    expect((await get('/images/golden')).Parameter).toMatchObject({ Version: 4, Value: 'ami-4' });
  });

  // Source: the same: an invalid AMI is answered with success, and the parameter is not updated; Systems Manager user
  // guide, sysman-paramstore-cwe: an event with the exception tells it.
  it('is not updated when its image is not there, and only an event tells it', async () => {
    expect((await putImage('ami-missing')).Version).toBe(4);
    await account.pass(10);

    expect((await get('/images/golden')).Parameter).toMatchObject({ Version: 3, Value: 'ami-2' });
    expect(events.map(({ detail }) => detail)).toEqual([
      {
        operation: 'Update',
        name: '/images/golden',
        type: 'String',
        exception: 'Unable to Describe Resource',
      },
    ]);
  });

  // Source: Systems Manager user guide, parameter-store-data-types.
  it('keeps its data type', async () => {
    await expect(putImage('plain', 'text')).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('a read that lags', () => {
  it('sees the value, the label and the absence of then', async () => {
    account.close();
    account = kernel({ faults: { staleMs: () => 60_000 } });
    store = new ParameterStore(
      {
        clock: account.clock,
        registry: account.dispatcher,
        bus: { emit: () => {} },
        accountId: '111122223333',
        region: 'eu-west-1',
        random: account.random,
        imageExists: () => true,
      },
      [{ Name: 'flat', Type: 'String', Value: 'old', Version: 1, Selector: ':live' }],
    );
    client = new SSMClient({});
    account.dispatcher.attach(client, 'SSM');
    await account.pass(30);
    store.put('flat', 'new');
    store.put('made', 'first');
    await account.finish(() =>
      client.send(new LabelParameterVersionCommand({ Name: 'flat', ParameterVersion: 2, Labels: ['live'] })),
    );

    expect((await get('flat')).Parameter?.Value).toBe('old');
    expect((await get('flat:live')).Parameter?.Value).toBe('old');
    await expect(get('made')).rejects.toMatchObject({ name: 'ParameterNotFound' });
    await account.pass(61);
    expect((await get('flat')).Parameter?.Value).toBe('new');
    expect((await get('flat:live')).Parameter?.Value).toBe('new');
    expect((await get('made')).Parameter?.Value).toBe('first');
  });
});
