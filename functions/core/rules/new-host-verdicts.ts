/** What new hosts themselves tell of their image, beside the tasks that move to them: agents, daemons, sizes. */
import type { Host } from '../groups.ts';
import { AGENT_DEAD_MS } from '../groups.ts';
import type { GroupLook } from '../look.ts';
import { span, type Tick } from '../tick.ts';
import { endedInError } from './task-ends.ts';

type Context = Pick<Tick, 'look' | 'draft'>;

/** One host may have met bad luck: a second one that does the same is a verdict. */
const WITNESSES = 2;
/** A host that registers less than this share of what its likes did is not the host that was planned. */
const SAME_SIZE_SHARE = 0.5;

/**
 * They joined, and most of them have lost their agents since, for as long as makes a host dead, while old ones are there
 * and none of them has: a network or Region that fails would have silenced old ones too (rule 5).
 */
export function agentsLost({ look }: Context, group: GroupLook): string | undefined {
  const standing = group.alive.filter((host) => host.facts?.containerInstanceArn !== undefined);
  const isSilent = (host: Host) => host.memory.agentGoneSinceMs !== undefined;
  const old = standing.filter((host) => host.role === 'outdated');
  if (old.length === 0 || old.some(isSilent)) return undefined;
  const joined = standing.filter((host) => host.role === 'new' && host.memory.readySinceMs !== undefined);
  const lost = joined.filter(
    ({ memory }) =>
      memory.agentGoneSinceMs !== undefined && look.nowMs - memory.agentGoneSinceMs >= AGENT_DEAD_MS,
  );
  if (lost.length < WITNESSES || lost.length * 2 < joined.length) return undefined;
  const [first] = lost;
  return `image ${first?.facts?.imageId ?? ''} does not stay connected: the agents of ${lost.length} of ${joined.length} new hosts have been away for ${span(AGENT_DEAD_MS / 1000)}, of no old one`;
}

/** Host of the image that registered far less than the old hosts of its type did: nothing would find room there. */
export function tooSmall(_: Context, group: GroupLook): string | undefined {
  for (const host of [...group.incoming, ...group.ready]) {
    const { registered, instanceType, imageId } = host.facts ?? {};
    if (registered === undefined || host.memory.readySinceMs !== undefined) continue;
    const like = group.outdatedLeft.find(({ facts }) => facts?.instanceType === instanceType)?.facts;
    if (like?.registered === undefined) continue;
    const { cpu, memoryMiB } = like.registered;
    const isLess =
      registered.cpu < cpu * SAME_SIZE_SHARE || registered.memoryMiB < memoryMiB * SAME_SIZE_SHARE;
    if (!isLess) continue;
    return `${host.instanceId} on image ${imageId ?? ''} registered ${registered.cpu} CPU units and ${registered.memoryMiB} MiB, where ${like.instanceId} of the same type has ${cpu} and ${memoryMiB}`;
  }
  return undefined;
}

/** Daemons that ran well on old hosts die by themselves on new ones: ECS starts them again and again. */
export function daemonsDie({ look, draft }: Context): string | undefined {
  for (const name of draft.run.daemonsAtPlan) {
    const service = look.facts.services.find(({ serviceName }) => serviceName === name);
    if (service === undefined || service.deploying) continue;
    const dead = look.facts.tasks.filter(
      (task) =>
        task.serviceName === name &&
        task.createdAtMs >= draft.run.startedAtMs &&
        task.taskDefinitionArn === service.taskDefinitionArn &&
        endedInError(task),
    );
    const roleOf = (instanceId = '') => look.hosts.get(instanceId)?.role;
    const onNew = dead.filter(({ instanceId }) => roleOf(instanceId) === 'new');
    if (onNew.length < WITNESSES || dead.some(({ instanceId }) => roleOf(instanceId) === 'outdated'))
      continue;
    const [first] = onNew;
    const why = first?.stoppedReason ?? first?.stopCode ?? 'unknown';
    return `daemon ${name} dies on new hosts: ${onNew.length} of its tasks so far (${why}, exit codes ${first?.exitCodes?.join(', ') ?? 'none'})`;
  }
  return undefined;
}
