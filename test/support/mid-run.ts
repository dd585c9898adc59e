/** A rollover half-way, for looking at single rules: pick a look, change one thing, decide again. */
import { decide } from '../../functions/core/decide.ts';
import type { Facts, GroupFacts, HostFacts, TaskFacts } from '../../functions/core/facts.ts';
import type { GroupMemory, HostMemory, RunMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { defaults } from './facts.ts';
import type { ModelOptions } from './model-options.ts';
import { type ModelRun, runToEnd } from './model-run.ts';
import { ModelWorld } from './model-world.ts';

const cluster: ModelOptions = {
  hosts: 6,
  services: [
    { name: 'web', desired: 24, stopSeconds: 90 },
    { name: 'agent', desired: 0, daemon: true, cpu: 10, memoryMiB: 10 },
  ],
};
export const plan: Plan = new ModelWorld(cluster).plan;

let rolled: ModelRun | undefined;
/** Made when a test first asks for it, so that mutation testing knows whose it is. */
export function run(): ModelRun {
  rolled ??= runToEnd(cluster);
  return rolled;
}

/** The look at which the step did what is asked for. */
export function lookWhere(found: (step: Step, facts: Facts) => boolean): Facts {
  const look = run().steps.find(({ step, facts }) => found(step, facts));
  if (look === undefined) throw new Error('no such look');
  return look.facts;
}
export const hasPassed = (facts: Facts) => facts.memory.groups[0]?.trialPassedAtMs !== undefined;
export const terminating = () => lookWhere((step, facts) => step.terminate.length > 0 && hasPassed(facts));
export const baking = () => lookWhere((step) => step.phase === 'baking' && step.drain.length === 0);
export const drainingAfterTrial = () => lookWhere((step, facts) => step.drain.length > 0 && hasPassed(facts));

export const see = (facts: Facts, chosen: Partial<Settings> = {}, laterMs = 0) =>
  decide(facts, plan, { ...defaults, ...chosen }, facts.observedAtMs + laterMs);
export const withGroup = (facts: Facts, over: Partial<GroupFacts>): Facts => ({
  ...facts,
  groups: facts.groups.map((group) => ({ ...group, ...over })),
});
export const withHost = (facts: Facts, id: string | undefined, over: Partial<HostFacts>): Facts => ({
  ...facts,
  hosts: facts.hosts.map((host) => (host.instanceId === id ? { ...host, ...over } : host)),
});
export const withRun = (facts: Facts, over: Partial<RunMemory>): Facts => ({
  ...facts,
  memory: { ...facts.memory, ...over },
});
export const withGroupMemory = (facts: Facts, over: Partial<GroupMemory>): Facts =>
  withRun(facts, { groups: facts.memory.groups.map((group) => ({ ...group, ...over })) });
export const withHostMemory = (facts: Facts, id: string | undefined, over: Partial<HostMemory>): Facts =>
  withRun(facts, {
    hosts: facts.memory.hosts.map((host) => (host.instanceId === id ? { ...host, ...over } : host)),
  });
export const withTasks = (facts: Facts, tasks: readonly TaskFacts[]): Facts => ({
  ...facts,
  tasks: [...facts.tasks, ...tasks],
});
export const alarm = { alarmName: 'errors', state: 'ALARM' } as const;
export const nothing = (step: Step) => [...step.register, ...step.drain, ...step.terminate];
/** Five old hosts beside six new ones, two in each zone; desired and Min eleven, the goal six, set long ago. */
export const surgeStands = () => withGroupMemory(drainingAfterTrial(), { launchesAskedAtMs: 0 });
export const withoutHosts = (facts: Facts, ids: readonly string[]): Facts =>
  withRun(
    {
      ...facts,
      hosts: facts.hosts.filter(({ instanceId }) => !ids.includes(instanceId)),
      tasks: facts.tasks.filter(({ instanceId }) => !ids.includes(instanceId ?? '')),
    },
    { hosts: facts.memory.hosts.filter(({ instanceId }) => !ids.includes(instanceId)) },
  );
export const OLD_HOSTS = ['i-00001', 'i-00002', 'i-00003', 'i-00004', 'i-00005', 'i-00006'] as const;
