/**
 * Hosts that a run had to leave above a group's own size when its window closed, and that no later window goes on with:
 * the group has nothing left to replace, or its work was given up. They leave as a closing run's surplus does, by drain.
 */
import type { GroupPlan, Plan } from './plan.ts';
import type { SurplusLeft } from './restoring.ts';

/** The plan with every group in it that has such hosts. */
export function withSurpluses(plan: Plan, left: readonly SurplusLeft[]): Plan {
  const surplus = new Map(left.map((one) => [one.autoScalingGroupName, one]));
  const planned = plan.groups.map((group) =>
    surplus.has(group.autoScalingGroupName) ? { ...group, referenceOnly: false } : group,
  );
  const names = new Set(planned.map(({ autoScalingGroupName }) => autoScalingGroupName));
  const others = left.filter(({ autoScalingGroupName }) => !names.has(autoScalingGroupName));
  return { ...plan, groups: [...planned, ...others.map(givenBack)] };
}

/** A plan to take such hosts away and nothing else; the plan itself where there are none. */
export function onlySurpluses(plan: Plan, left: readonly SurplusLeft[]): Plan {
  if (left.length === 0) return plan;
  return { ...plan, verdict: 'roll', groups: left.map(givenBack), keptOut: [], findings: [] };
}

/** Nothing is launched, so nothing is pinned. */
function givenBack({ autoScalingGroupName, imageIds }: SurplusLeft): GroupPlan {
  return {
    autoScalingGroupName,
    target: { source: 'launch-template', images: [], imageIds, resolvesAlready: true },
    surge: 0,
    outdated: [],
    referenceOnly: false,
  };
}
