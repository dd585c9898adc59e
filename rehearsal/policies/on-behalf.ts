/**
 * What AWS does because a policy asked it to is the policy's own doing: an instance refresh that it started, and managed
 * draining, which it relies on. The judge is told so; otherwise a tool that lets AWS kill would be found to have killed
 * nothing, and one that lets AWS drain to have moved nothing.
 */
import type { Actor, Observation } from '../../simulator/observation.ts';

const WORKS_FOR_OTHERS = new Set(['managed-draining', 'instance-refresh']);

/** The observation with `name` in the place of those parts of AWS that work for it. */
export function observedAs(name: string, observation: Observation): Observation {
  switch (observation.kind) {
    case 'host':
    case 'container-instance':
      return observation.actor && worksForOthers(observation.actor)
        ? { ...observation, actor: { kind: 'function', name } }
        : observation;
    case 'group':
      return worksForOthers(observation.actor)
        ? { ...observation, actor: { kind: 'function', name } }
        : observation;
    case 'task':
      return observation.cause && worksForOthers(observation.cause.actor)
        ? { ...observation, cause: { ...observation.cause, actor: { kind: 'function', name } } }
        : observation;
    default:
      return observation;
  }
}

function worksForOthers(actor: Actor): boolean {
  return actor.kind === 'aws' && WORKS_FOR_OTHERS.has(actor.name);
}
