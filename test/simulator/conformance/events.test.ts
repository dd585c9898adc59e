/**
 * Events as their documentation shows them: field by field, and as sure as it promises. Sources, by service:
 * EventBridge user guide, eb-events-structure; ECS developer guide, ecs_task_events, ecs_container_instance_events,
 * ecs_container_instance_health_events, ecs_service_events, ecs_service_deployment_events; EC2 user guide,
 * monitoring-instance-state-changes, spot-instance-termination-notices, rebalance-recommendations; Auto Scaling user
 * guide, ec2-auto-scaling-event-reference, instance-refresh-eventbridge-events; CloudWatch user guide,
 * cloudwatch-and-eventbridge; Systems Manager user guide, sysman-paramstore-cwe; Step Functions developer guide,
 * eventbridge-integration; AWS Health user guide, aws-health-events-eventbridge-schema.
 */
import { PutLifecycleHookCommand, StartInstanceRefreshCommand } from '@aws-sdk/client-auto-scaling';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../simulator/event-bridge/event-bus.ts';
import { faultSchema } from '../../../simulator/faults/schema.ts';
import { drain, GROUP, setDesired } from '../faults/support.ts';
import { inExampleAccount } from '../support/example-account.ts';

const ISO_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ISO_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const RFC_1123 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const RETIRES_AT = '2026-12-06T12:00:00Z';

/** What the bus brought when nothing came twice and nothing got lost. */
let events: EventEnvelope[];
/** A quarter of an hour in which each kind of event has a reason to come. */
async function happenings(
  eventDelivery: { readonly duplicateShare: number; readonly lossShare: number },
  readings: Readonly<Record<string, boolean>> = {},
): Promise<EventEnvelope[]> {
  const seen: EventEnvelope[] = [];
  await inExampleAccount(
    async (scene) => {
      await scene.autoScaling.send(
        new PutLifecycleHookCommand({
          AutoScalingGroupName: GROUP,
          LifecycleHookName: 'checks',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
          HeartbeatTimeout: 30,
          DefaultResult: 'CONTINUE',
          NotificationMetadata: 'additional-info',
        }),
      );
      await setDesired(scene, 13);
      const [first] = scene.account.truth.hosts();
      await scene.wait(300);
      await drain(scene, first?.instanceId ?? '');
      const machine = scene.account.stepFunctions.create('short', {
        StartAt: 'Done',
        States: { Done: { Type: 'Succeed' } },
      });
      scene.account.stepFunctions.start(machine, '{"a":1}');
      await scene.autoScaling.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: GROUP }));
      await scene.wait(900);
    },
    {
      eventDelivery,
      readings: { accountNoticesReachBackupRegion: true, noticesNameInstancesByArn: true, ...readings },
      prepare(account) {
        const hosts = account.truth.hosts().map(({ instanceId }) => instanceId);
        account.eventBridge.addRule({
          name: 'all',
          pattern: {},
          target: { deliver: (event) => void seen.push(event) },
        });
        const faults: object[] = [
          { kind: 'spot-interruption', instance: hosts[1] },
          { kind: 'agent-disconnects', instance: hosts[2], seconds: 600 },
          {
            kind: 'schedule-instance-event',
            instance: hosts[3],
            code: 'instance-retirement',
            notBefore: RETIRES_AT,
          },
          { kind: 'deploy-service', service: 'search', good: true },
          { kind: 'alarm', name: 'errors', seconds: 60 },
          { kind: 'publish-image', parameter: '/platform/ecs/golden-ami', image: 'ami-0fedcba9' },
        ];
        for (const fault of faults) account.faults.arm(faultSchema.parse({ atSeconds: 10, ...fault }));
      },
    },
  );
  return seen;
}

beforeAll(async () => {
  events = await happenings({ duplicateShare: 0, lossShare: 0 });
});

const of = (detailType: string) => events.filter((event) => event['detail-type'] === detailType);
const one = (detailType: string) => of(detailType)[0] as EventEnvelope;
const fields = (detailType: string) => Object.keys(one(detailType).detail).sort();

// Source: eb-events-structure.
it('every event has the envelope of a service event, its time in whole seconds', () => {
  for (const event of events) {
    expect(Object.keys(event).sort()).toEqual(
      ['version', 'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail'].sort(),
    );
    expect(event.version).toBe('0');
    expect(event.time).toMatch(ISO_SECONDS);
  }
});

it.each([
  // Source: ecs_container_instance_events. No runningTasksCount.
  [
    'ECS Container Instance State Change',
    'aws.ecs',
    ['agentConnected', 'clusterArn', 'containerInstanceArn', 'ec2InstanceId', 'registeredResources'].concat([
      'remainingResources',
      'status',
      'version',
      'versionInfo',
      'updatedAt',
      'attributes',
    ]),
    ['runningTasksCount', 'pendingTasksCount'],
  ],
  // Source: ecs_task_events. No health.
  [
    'ECS Task State Change',
    'aws.ecs',
    [
      'clusterArn',
      'containers',
      'createdAt',
      'desiredStatus',
      'group',
      'lastStatus',
      'taskArn',
      'version',
    ].concat(['taskDefinitionArn', 'updatedAt', 'cpu', 'memory', 'attachments', 'overrides']),
    ['healthStatus', 'tags'],
  ],
  // Source: ecs_service_events. No version.
  ['ECS Service Action', 'aws.ecs', ['eventType', 'eventName', 'clusterArn', 'createdAt'], ['version']],
  // Source: ecs_service_deployment_events.
  [
    'ECS Deployment State Change',
    'aws.ecs',
    ['eventType', 'eventName', 'deploymentId', 'updatedAt', 'reason'],
    [],
  ],
  // Source: ecs_container_instance_health_events.
  [
    'ECS Container Instance Health Change',
    'aws.ecs',
    ['clusterArn', 'containerInstanceArn', 'ec2InstanceId', 'overallStatus', 'healthChecks'],
    [],
  ],
  // Source: monitoring-instance-state-changes.
  ['EC2 Instance State-change Notification', 'aws.ec2', ['instance-id', 'state'], []],
  // Source: spot-instance-termination-notices.
  ['EC2 Spot Instance Interruption Warning', 'aws.ec2', ['instance-id', 'instance-action'], []],
  // Source: ec2-auto-scaling-event-reference.
  [
    'EC2 Instance-launch Lifecycle Action',
    'aws.autoscaling',
    ['LifecycleActionToken', 'AutoScalingGroupName', 'LifecycleHookName', 'EC2InstanceId'].concat([
      'LifecycleTransition',
      'NotificationMetadata',
      'Origin',
      'Destination',
    ]),
    [],
  ],
  [
    'EC2 Instance Launch Successful',
    'aws.autoscaling',
    [
      'StatusCode',
      'Description',
      'AutoScalingGroupName',
      'ActivityId',
      'Details',
      'RequestId',
      'EndTime',
    ].concat(['StatusMessage', 'EC2InstanceId', 'StartTime', 'Cause', 'Origin', 'Destination']),
    [],
  ],
  // Source: instance-refresh-eventbridge-events.
  [
    'EC2 Auto Scaling Instance Refresh Started',
    'aws.autoscaling',
    ['InstanceRefreshId', 'AutoScalingGroupName'],
    [],
  ],
  // Source: cloudwatch-and-eventbridge.
  [
    'CloudWatch Alarm State Change',
    'aws.cloudwatch',
    ['alarmName', 'configuration', 'previousState', 'state'],
    [],
  ],
  // Source: sysman-paramstore-cwe. No value.
  ['Parameter Store Change', 'aws.ssm', ['operation', 'name', 'type'], ['value', 'version']],
  // Source: eventbridge-integration (Step Functions).
  [
    'Step Functions Execution Status Change',
    'aws.states',
    [
      'executionArn',
      'stateMachineArn',
      'name',
      'status',
      'startDate',
      'stopDate',
      'input',
      'inputDetails',
    ].concat(['output', 'outputDetails', 'error', 'cause']),
    [],
  ],
])('%s of %s says what its sample says', (detailType, source, documented, absent) => {
  expect(one(detailType)?.source).toBe(source);
  expect(fields(detailType)).toEqual(expect.arrayContaining(documented));
  for (const field of absent) expect(fields(detailType)).not.toContain(field);
});

describe('ECS', () => {
  // Source: ecs_cwe_events ("compare the version"); ecs_task_events.
  it('numbers the events of each task, and adds why and when it stopped', () => {
    const [stopped] = of('ECS Task State Change').filter(({ detail }) => detail.lastStatus === 'STOPPED');
    expect(stopped?.detail).toMatchObject({
      desiredStatus: 'STOPPED',
      stopCode: expect.any(String),
      stoppedReason: expect.any(String),
      stoppingAt: expect.stringMatching(ISO_MILLISECONDS),
      stoppedAt: expect.stringMatching(ISO_MILLISECONDS),
    });
    const versions = of('ECS Task State Change')
      .filter(({ detail }) => detail.taskArn === stopped?.detail.taskArn)
      .map(({ detail }) => detail.version);
    expect(new Set(versions).size).toBe(versions.length);
  });

  // Source: ecs_service_deployment_events: resources name the service; deploymentId is ecs-svc/….
  it('names the deployment and its service', () => {
    const event = one('ECS Deployment State Change');
    expect(event.resources).toEqual([expect.stringMatching(/:service\/prod\/search$/)]);
    expect(event.detail).toMatchObject({
      eventType: 'INFO',
      eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS',
      deploymentId: expect.stringMatching(/^ecs-svc\/\d+/),
    });
  });
});

describe('EC2 and Auto Scaling', () => {
  // Source: spot-instance-termination-notices: an ARN with the zone for the Region and no account.
  it('a Spot warning has an odd ARN', () => {
    const { resources, detail } = one('EC2 Spot Instance Interruption Warning');
    expect(resources[0]).toMatch(/^arn:aws:ec2:eu-west-1[a-c]:instance\/i-/);
    expect(detail['instance-action']).toBe('terminate');
  });

  // Source: ec2-auto-scaling-event-reference, successful scaling events: "StatusCode": "InProgress".
  it('a successful launch says InProgress, and names the group and the instance', () => {
    const { resources, detail } = one('EC2 Instance Launch Successful');
    expect(detail).toMatchObject({
      StatusCode: 'InProgress',
      Origin: 'EC2',
      Destination: 'AutoScalingGroup',
      Details: { 'Availability Zone': expect.any(String), 'Subnet ID': expect.any(String) },
    });
    expect(resources).toHaveLength(2);
  });
});

// Source: cloudwatch-and-eventbridge, state change of a single-metric alarm.
it('an alarm tells both of its states, with time stamps that end in +0000', () => {
  expect(one('CloudWatch Alarm State Change').detail).toMatchObject({
    alarmName: 'errors',
    state: { value: 'ALARM', reason: expect.any(String), timestamp: expect.stringMatching(/\+0000$/) },
    previousState: { value: 'INSUFFICIENT_DATA' },
  });
});

// Source: AWS Health user guide, aws-health-events-eventbridge-schema; automating-instance-actions.
describe('a retirement that EC2 schedules', () => {
  const notices = () => of('AWS Health Event').filter(({ detail }) => detail.service === 'EC2');

  it('is told by AWS Health at once, its times in RFC 1123, its pages counted in strings', () => {
    const [notice] = notices().filter(({ detail }) => detail.backupEvent === 'false');
    expect(notice).toMatchObject({ source: 'aws.health', region: 'eu-west-1', resources: [] });
    expect(notice?.detail).toMatchObject({
      eventTypeCode: 'AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED',
      eventTypeCategory: 'scheduledChange',
      eventScopeCode: 'ACCOUNT_SPECIFIC',
      communicationId: expect.stringMatching(/-1$/),
      startTime: new Date(RETIRES_AT).toUTCString(),
      lastUpdatedTime: expect.stringMatching(RFC_1123),
      statusCode: 'open',
      eventRegion: 'eu-west-1',
      affectedEntities: [
        {
          entityValue: expect.stringMatching(/^arn:aws:ec2:eu-west-1:\d{12}:instance\/i-/),
          status: 'PENDING',
        },
      ],
      page: '1',
      totalPages: '1',
    });
  });

  // Sources: choosing-a-region, about-public-events: de-duplicate by eventArn and communicationId.
  it('comes again from the backup Region where Health sends account events there', async () => {
    const [home, copy] = [...notices()].sort((a, b) => (a.region < b.region ? -1 : 1));
    expect(copy).toMatchObject({ region: 'us-west-2', detail: { backupEvent: 'true' } });
    expect(copy?.id).not.toBe(home?.id);
    const keyOf = (event: EventEnvelope | undefined) => [
      event?.detail.eventArn,
      event?.detail.communicationId,
    ];
    expect(keyOf(copy)).toEqual(keyOf(home));

    const other = await happenings(
      { duplicateShare: 0, lossShare: 0 },
      { accountNoticesReachBackupRegion: false, noticesNameInstancesByArn: false },
    );
    const told = other.filter(({ source }) => source === 'aws.health');
    expect(told).toHaveLength(1);
    // The older sample: bare ids, and in resources too.
    expect(told[0]?.resources).toEqual([expect.stringMatching(/^i-/)]);
    expect(told[0]?.detail.affectedEntities).toMatchObject([{ entityValue: told[0]?.resources[0] }]);
  });
});

// Source: eb-service-event: durable "at least once", best effort "in rare cases" not at all; ecs, health and cloudwatch
// promise delivery; ec2, autoscaling, ssm and states are best effort.
describe('delivery', () => {
  it('loses events of best-effort sources only', async () => {
    const seen = await happenings({ duplicateShare: 0, lossShare: 1 });
    expect([...new Set(seen.map(({ source }) => source))].sort()).toEqual([
      'aws.cloudwatch',
      'aws.ecs',
      'aws.health',
    ]);
  });

  it('brings any of them twice, the same id, and later ones first', async () => {
    const seen = await happenings({ duplicateShare: 1, lossShare: 0 });
    const times = new Map<string, number>();
    for (const { id } of seen) times.set(id, (times.get(id) ?? 0) + 1);
    // Those near the end were still on their way.
    expect([...times.values()].filter((count) => count === 2).length).toBeGreaterThan(times.size * 0.9);
    const byTime = seen.map(({ time }) => time);
    expect(byTime).not.toEqual([...byTime].sort());
  });
});
