import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';

const HEAD = {
  version: 1,
  region: 'eu-west-1',
  accountId: '111122223333',
  capturedAt: '2026-11-22T12:00:00Z',
};

const CLUSTER = { clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod' };
const DEFINITION = {
  taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3',
  containerDefinitions: [{ name: 'app', memory: 256 }],
};
const SERVICE = {
  serviceName: 'web',
  serviceArn: 'arn:aws:ecs:eu-west-1:111122223333:service/prod/web',
  taskDefinition: 'web:3',
};
const INSTANCE = {
  InstanceId: 'i-0a',
  ImageId: 'ami-0a',
  InstanceType: 'm5.large',
  Placement: { AvailabilityZone: 'eu-west-1a' },
};
const HOST = {
  containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/aaaa',
  ec2InstanceId: 'i-0a',
  registeredResources: [
    { name: 'CPU', integerValue: 2048 },
    { name: 'MEMORY', integerValue: 7680 },
  ],
};

function accepted(parts: object): Capture {
  const parsed = parseCapture({ ...HEAD, ...parts });
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems, null, 1));
  return parsed.ok;
}

function problems(parts: object): string[] {
  const parsed = parseCapture({ ...HEAD, ...parts });
  return 'problems' in parsed ? parsed.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

describe('a capture as it is read', () => {
  it('has every list, empty where the file has none', () => {
    const capture = accepted({});

    expect(capture.ecs.tasks).toEqual([]);
    expect(capture.elasticLoadBalancingV2.targetHealth).toEqual([]);
    expect(capture.serviceQuotas.quotas).toEqual([]);
  });

  it('is refused with the path of every problem at once', () => {
    const found = problems({
      version: 2,
      regoin: 'eu-west-1',
      ecs: {
        services: [{ ...SERVICE, desiredCount: '3' }],
        task: [],
        clusters: {},
        containerInstances: [{ containerInstanceArn: 'a', registeredAt: 'yesterday' }],
      },
    });

    expect(found).toEqual([
      expect.stringMatching(/^regoin: is not a known key/),
      'version: must be 1',
      expect.stringMatching(/^ecs\.task: is not a known key/),
      'ecs.clusters: must be a list',
      'ecs.services[0].desiredCount: must be a number, not "3"',
      'ecs.containerInstances[0].registeredAt: must be a time: ISO 8601 or epoch seconds',
    ]);
  });

  it.each([[null], [[]], ['text'], [3]])('is refused when the file holds %j', (input) => {
    expect(parseCapture(input)).toEqual({
      problems: [{ path: '$', message: 'a capture is a JSON object' }],
    });
  });

  it('keeps what it does not know inside the objects of AWS', () => {
    const capture = accepted({ ecs: { clusters: [{ ...CLUSTER, futureField: { a: 1 } }] } });

    expect(capture.ecs.clusters[0]).toMatchObject({ futureField: { a: 1 } });
  });

  it('takes null, as --query of the AWS CLI prints it, for absent', () => {
    const capture = accepted({ ecs: { clusters: [{ ...CLUSTER, tags: null }] } });

    expect(capture.ecs.clusters[0]?.tags).toEqual([]);
  });

  it.each([
    ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T13:00:00+01:00', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T13:00:00.123456+01:00', '2026-11-22T12:00:00.123Z'],
    ['2026-11-22T13:00:00+0100', '2026-11-22T12:00:00.000Z'],
    ['2026-11-22T12:00:00', '2026-11-22T12:00:00.000Z'],
    [1_795_348_800, '2026-11-22T12:00:00.000Z'],
    [1_795_348_800.5, '2026-11-22T12:00:00.500Z'],
  ])('understands the time %j', (written, meant) => {
    expect(accepted({ capturedAt: written }).capturedAt.toISOString()).toBe(meant);
  });

  it.each([['tomorrow'], ['2026-13-40T00:00:00Z'], [1_795_348_800_000], [true], [{}]])(
    'refuses %j as a time',
    (written) => {
      expect(problems({ capturedAt: written })).toEqual([
        'capturedAt: must be a time: ISO 8601 or epoch seconds',
      ]);
    },
  );
});

describe('references without which the account could not run', () => {
  it('names a task on a container instance that is not listed', () => {
    const found = problems({
      ecs: {
        clusters: [CLUSTER],
        taskDefinitions: [DEFINITION],
        tasks: [
          {
            taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/1',
            taskDefinitionArn: DEFINITION.taskDefinitionArn,
            containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/zzzz',
          },
        ],
      },
    });

    expect(found).toEqual([
      expect.stringMatching(/^ecs\.tasks\[0\]\.containerInstanceArn: .*zzzz is not in/),
    ]);
  });

  it('lets a stopped task refer to a host that is gone', () => {
    expect(
      problems({
        ecs: {
          clusters: [CLUSTER],
          tasks: [
            {
              taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/1',
              taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/gone:1',
              containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/zzzz',
              lastStatus: 'STOPPED',
            },
          ],
        },
      }),
    ).toEqual([]);
  });

  it('names a service with an unknown task definition, by its place among the bad ones too', () => {
    const found = problems({
      ecs: {
        clusters: [CLUSTER],
        services: [{ serviceName: 'broken' }, { ...SERVICE, taskDefinition: 'other:1' }],
      },
    });

    expect(found).toEqual([
      'ecs.services[0].serviceArn: is missing',
      'ecs.services[1].taskDefinition: other:1 is not in ecs.taskDefinitions',
    ]);
  });

  it('names an instance of a group that EC2 did not describe', () => {
    const found = problems({
      autoScaling: {
        autoScalingGroups: [
          {
            AutoScalingGroupName: 'hosts',
            MinSize: 0,
            MaxSize: 1,
            DesiredCapacity: 1,
            Instances: [{ InstanceId: 'i-0b' }],
          },
        ],
      },
    });

    expect(found).toEqual([
      'autoScaling.autoScalingGroups[0].Instances[0].InstanceId: i-0b is not in ec2.instances',
    ]);
  });

  it('lets the agent of a vanished host stay disconnected', () => {
    expect(
      problems({ ecs: { clusters: [CLUSTER], containerInstances: [{ ...HOST, agentConnected: false }] } }),
    ).toEqual([]);
  });

  it('names the second of two objects with the same id', () => {
    expect(problems({ ec2: { instances: [INSTANCE, INSTANCE] } })).toEqual([
      'ec2.instances[1]: i-0a is already at ec2.instances[0]',
    ]);
  });

  it('asks for the cluster when an old ARN does not tell it and there are several', () => {
    const found = problems({
      ecs: {
        clusters: [CLUSTER, { clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/test' }],
        containerInstances: [
          { ...HOST, containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/aaaa' },
        ],
      },
      ec2: { instances: [INSTANCE] },
    });

    expect(found).toEqual([
      'ecs.containerInstances[0].containerInstanceArn: does not say which cluster it belongs to',
    ]);
  });
});

describe('what a capture leaves out', () => {
  it('gets the deployment limits of its scheduling strategy', () => {
    const capture = accepted({
      ecs: {
        clusters: [CLUSTER],
        taskDefinitions: [DEFINITION],
        services: [
          SERVICE,
          {
            ...SERVICE,
            serviceName: 'agent',
            serviceArn: `${SERVICE.serviceArn}-agent`,
            schedulingStrategy: 'DAEMON',
          },
          {
            ...SERVICE,
            serviceName: 'half',
            serviceArn: `${SERVICE.serviceArn}-half`,
            deploymentConfiguration: { minimumHealthyPercent: 50 },
          },
        ],
      },
    });

    const limits = capture.ecs.services.map(({ deploymentConfiguration: limit }) => [
      limit?.minimumHealthyPercent,
      limit?.maximumPercent,
    ]);
    expect(limits).toEqual([
      [100, 200],
      [0, 100],
      [50, 200],
    ]);
  });

  it('is derived for a host from its instance, and for an unknown type from its host', () => {
    const capture = accepted({
      ecs: { clusters: [CLUSTER], containerInstances: [HOST] },
      ec2: { instances: [INSTANCE] },
    });

    expect(capture.ecs.containerInstances[0]?.attributes).toContainEqual({
      name: 'ecs.ami-id',
      value: 'ami-0a',
    });
    expect(capture.ecs.containerInstances[0]).toMatchObject({ status: 'ACTIVE', agentConnected: true });
    expect(capture.ec2.instanceTypes).toMatchObject([
      {
        InstanceType: 'm5.large',
        VCpuInfo: { DefaultVCpus: 2 },
        MemoryInfo: { SizeInMiB: 7680 },
        NetworkInfo: { MaximumNetworkInterfaces: 3 },
      },
    ]);
  });

  it('is read from the name of an instance type that a group may launch, as far as a name tells', () => {
    const override = (InstanceType: string) => ({ InstanceType });
    const types = ['m6g.2xlarge', 'c7i.large', 't3.medium', 'r5n.4xlarge', 'p5.48xlarge'];
    const capture = accepted({
      autoScaling: {
        autoScalingGroups: [
          {
            AutoScalingGroupName: 'hosts',
            MinSize: 0,
            MaxSize: 0,
            DesiredCapacity: 0,
            MixedInstancesPolicy: { LaunchTemplate: { Overrides: types.map(override) } },
          },
        ],
      },
    });

    const told = capture.ec2.instanceTypes.map((type) => [
      type.InstanceType,
      type.VCpuInfo?.DefaultVCpus,
      type.MemoryInfo?.SizeInMiB,
      type.ProcessorInfo?.SupportedArchitectures?.[0],
      type.NetworkInfo?.MaximumNetworkInterfaces,
    ]);
    expect(told).toEqual([
      ['m6g.2xlarge', 8, 32_768, 'arm64', 4],
      ['c7i.large', 2, 4096, 'x86_64', 3],
      ['t3.medium', 2, 4096, 'x86_64', 3],
      ['r5n.4xlarge', 16, 131_072, 'x86_64', 8],
    ]);
  });

  it('is 300 seconds for a deregistration delay, also of a target group that only a service names', () => {
    const targetGroupArn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1';
    const capture = accepted({
      ecs: {
        clusters: [CLUSTER],
        taskDefinitions: [DEFINITION],
        services: [
          { ...SERVICE, loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 80 }] },
        ],
      },
    });

    expect(capture.elasticLoadBalancingV2).toMatchObject({
      targetGroups: [
        {
          TargetGroupArn: targetGroupArn,
          HealthCheckIntervalSeconds: 30,
          HealthyThresholdCount: 5,
          UnhealthyThresholdCount: 2,
        },
      ],
      targetGroupAttributes: [
        { Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '300' }] },
      ],
    });
  });

  it('is a problem where nothing tells it', () => {
    expect(problems({ ec2: { instances: [{ InstanceId: 'i-0a', InstanceType: 'm5.large' }] } })).toEqual([
      'ec2.instances[0].ImageId: is missing',
      'ec2.instances[0].Placement.AvailabilityZone: is missing',
    ]);
  });
});

describe('the example', () => {
  it('reads without a problem', () => {
    const file = new URL('../../../rehearsal/example/capture.json', import.meta.url);
    const parsed = parseCapture(JSON.parse(readFileSync(file, 'utf8')));

    expect('problems' in parsed ? parsed.problems : []).toEqual([]);
  });
});
