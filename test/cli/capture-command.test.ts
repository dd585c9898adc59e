/** The command around a capture, and what becomes of a cluster that moves while it is read. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutStrays } from '../../cli/capture/strays.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { parsed } from '../support/captured-account.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = JSON.parse(readFileSync(join(ROOT, 'rehearsal/example/capture.json'), 'utf8'));

describe('a cluster that moves while it is read', () => {
  it('leaves out what points to nothing, says so, and is a capture', () => {
    const capture = parsed(EXAMPLE);
    const gone = capture.ec2.instances.shift()?.InstanceId;
    const host = capture.ecs.containerInstances.find(({ ec2InstanceId }) => ec2InstanceId === gone);
    const onIt = capture.ecs.tasks.filter((task) => task.containerInstanceArn === host?.containerInstanceArn);
    expect(onIt.length).toBeGreaterThan(0);

    const notes = withoutStrays(capture);
    expect(notes).toEqual([
      expect.stringMatching(/^1 members of groups left out/),
      expect.stringMatching(/^1 container instances left out/),
      expect.stringMatching(new RegExp(`^${onIt.length} tasks left out`)),
    ]);
    expect(parseCapture(JSON.parse(JSON.stringify(capture)))).toHaveProperty('ok');
  });

  it('keeps ghosts, whose instance is gone for good, and stopped tasks', () => {
    const capture = parsed(EXAMPLE);
    const [host] = capture.ecs.containerInstances;
    if (host === undefined) throw new Error('the example has hosts');
    host.agentConnected = false;
    const tasks = capture.ecs.tasks.filter((task) => task.containerInstanceArn === host.containerInstanceArn);
    capture.ec2.instances = capture.ec2.instances.filter((one) => one.InstanceId !== host.ec2InstanceId);
    withoutStrays(capture);
    expect(capture.ecs.containerInstances).toContain(host);
    expect(capture.ecs.tasks).toEqual(expect.arrayContaining(tasks));
  });
});

describe('the command', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, AWS_REGION: 'us-gov-west-1' },
    });
    return { status, stdout, stderr };
  };

  it('prints the policy as JSON and nothing else, for the Region’s partition', () => {
    const { status, stdout, stderr } = run('capture', '--print-policy');
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ Version: '2012-10-17' });
    expect(stdout).toContain('arn:aws-us-gov:ssm:');
  });

  it('says all that is wrong with its input at once, and asks AWS nothing', () => {
    const { status, stdout, stderr } = run('capture', '--image', 'golden', '--out', '/nowhere/prod.json');
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/--cluster: name the cluster/);
    expect(stderr).toMatch(/--image golden: must be/);
    expect(stderr).toMatch(/--out \/nowhere/);
  });
});
