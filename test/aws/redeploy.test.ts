import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  type Service,
  type Task,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { readServicesNow } from '../../functions/aws/facts/redeploy.ts';

const ecs = mockClient(ECSClient);
const ecr = mockClient(ECRClient);
const elb = mockClient(ElasticLoadBalancingV2Client);
const clients = { ecs: new ECSClient(), ecr: new ECRClient(), elb: new ElasticLoadBalancingV2Client() };

const REPOSITORY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/api';
const RUNNING = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

const imageNotFound = Object.assign(new Error('no such image'), { name: 'ImageNotFoundException' });
const denied = Object.assign(new Error('not yours'), { name: 'AccessDeniedException' });

/** ECR holds the running digest, and `api:1` names `tagged`. */
function registry(tagged: string | Error, digest: 'there' | Error = 'there'): void {
  ecr.on(DescribeImagesCommand).callsFake(({ imageIds: [{ imageTag }] }) => {
    const answer = imageTag === undefined ? digest : tagged;
    if (answer instanceof Error) throw answer;
    return { imageDetails: [{ imageDigest: imageTag === undefined ? RUNNING : answer }] };
  });
}

async function readApi(service: Partial<Service> = {}, containers: Task['containers'] = []) {
  beginAsNewContainer();
  const tasks = [
    { taskArn: 't/1', lastStatus: 'RUNNING', taskDefinitionArn: 'api:1', createdAt: new Date(5), containers },
    { taskArn: 't/2', lastStatus: 'RUNNING', taskDefinitionArn: 'api:1', containerInstanceArn: 'h/1' },
  ];
  ecs
    .on(DescribeServicesCommand)
    .resolves({ services: [{ serviceName: 'api', desiredCount: 1, ...service }] });
  ecs.on(ListTasksCommand).resolves({ taskArns: ['t/1', 't/2'] });
  ecs.on(DescribeTasksCommand).resolves({ tasks });
  ecs
    .on(DescribeTaskDefinitionCommand)
    .resolves({ taskDefinition: { containerDefinitions: [{ name: 'main' }] } });
  return (await readServicesNow(clients, 'prod', ['api', 'old'], 'eu-west-1', () => false)).get('api');
}

const main = (image: string, imageDigest = RUNNING) => ({ name: 'main', image, imageDigest });

describe('a service on Fargate', () => {
  beforeEach(() => {
    for (const mock of [ecs, ecr, elb]) mock.reset();
  });

  it('is read with its tasks on Fargate alone', async () => {
    const now = await readApi();
    expect(now?.tasks).toEqual([{ taskArn: 't/1', createdAtMs: 5, isRunning: true, isUnhealthy: false }]);
  });

  it('counts the targets of the group in which the fewest are healthy', async () => {
    elb.on(DescribeTargetHealthCommand).callsFake(({ TargetGroupArn }) => ({
      TargetHealthDescriptions: Array(TargetGroupArn === 'few' ? 1 : 2).fill({
        TargetHealth: { State: 'healthy' },
      }),
    }));
    const loadBalancers = [{ targetGroupArn: 'many' }, { targetGroupArn: 'few' }];
    expect((await readApi({ loadBalancers }))?.healthyTargets).toBe(1);
  });

  it.each<[string, string, string | Error, 'there' | Error, string]>([
    ['its tag names what runs', `${REPOSITORY}:1`, RUNNING, 'there', 'same'],
    ['it has no tag, and latest names what runs', REPOSITORY, RUNNING, 'there', 'same'],
    ['its tag names another image', `${REPOSITORY}:1`, OTHER, 'there', 'moved'],
    ['its tag is gone', `${REPOSITORY}:1`, imageNotFound, 'there', 'moved'],
    ['it is pinned by digest', `${REPOSITORY}@${RUNNING}`, OTHER, 'there', 'same'],
    ['its digest is gone', `${REPOSITORY}:1`, RUNNING, imageNotFound, 'gone'],
    ['the registry may not be read', `${REPOSITORY}:1`, denied, denied, 'unreadable'],
    ['the tag may not be read', `${REPOSITORY}:1`, denied, 'there', 'unreadable'],
    ['it is of another registry', 'nginx:1', RUNNING, 'there', 'unreadable'],
  ])('would start this code when %s', async (_, image, tagged, digest, is) => {
    registry(tagged, digest);
    expect((await readApi({}, [main(image)]))?.code.is).toBe(is);
  });

  it('is judged by its own containers, not by those that AWS puts beside them', async () => {
    registry(RUNNING);
    const guard = { name: 'aws-guardduty-agent-x', image: 'somebody.example/agent:1', imageDigest: OTHER };
    expect((await readApi({}, [main(`${REPOSITORY}:1`), guard]))?.code.is).toBe('same');
  });

  it('that runs two digests of one tag is compared with each', async () => {
    registry(RUNNING);
    const containers = [main(`${REPOSITORY}:1`), main(`${REPOSITORY}:1`, OTHER)];
    expect((await readApi({}, containers))?.code.is).toBe('moved');
  });
});
