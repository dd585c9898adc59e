/** The decision of a tick, with the protection of what it would drain as it stands at that moment. */
import { ecs } from '../aws/clients.ts';
import { readProtectionOn } from '../aws/facts/protection.ts';
import type { World } from '../aws/facts/read-facts.ts';
import { decide } from '../core/decide.ts';
import type { Facts } from '../core/facts.ts';
import type { Plan } from '../core/plan.ts';
import type { Settings } from '../core/settings.ts';
import type { Step } from '../core/step.ts';

/** Each time a host turns out to have protected tasks, the others are decided on once more. */
const TRIES = 3;

export interface Decided {
  /** As the decision had them. */
  readonly facts: Facts;
  readonly step: Step;
}

/**
 * A look does not ask for the protection of every task: of a large cluster for hardly any, of another for those on outdated
 * hosts, while a host beyond the goal may have had the target image before the run, and one that joins the run does so after
 * the look. Hosts that the step would drain are asked for theirs here. One that was not asked for is not drained.
 */
export async function decideOnDrains(
  { facts: found, protectionAskedOn }: World,
  plan: Plan,
  settings: Settings,
  nowMs: number,
): Promise<Decided> {
  const asked = new Set(protectionAskedOn);
  let facts = found;
  for (let tries = 1; ; tries += 1) {
    const step = decide(facts, plan, settings, nowMs);
    const unasked = new Set(step.drain.map((host) => host.instanceId).filter((id) => !asked.has(id)));
    if (unasked.size === 0) return { facts, step };
    if (tries > TRIES) return { facts, step: withoutDrains(step, unasked) };
    for (const id of unasked) asked.add(id);
    const news = await readProtectionOn(ecs, facts, unasked);
    if (news === undefined) return { facts, step };
    facts = news;
  }
}

/** These hosts wait for the next look: neither drained nor remembered as drained. */
function withoutDrains(step: Step, instanceIds: ReadonlySet<string>): Step {
  return {
    ...step,
    drain: step.drain.filter((host) => !instanceIds.has(host.instanceId)),
    remember: {
      ...step.remember,
      hosts: step.remember.hosts.filter((host) => !instanceIds.has(host.instanceId)),
    },
  };
}
