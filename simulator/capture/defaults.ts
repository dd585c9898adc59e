/**
 * Fills in what a capture may leave out: AWS's own defaults, and what other objects of the capture tell. Sources are the
 * API references of the services (ECS Service, DeploymentConfiguration, ContainerDefinition; Auto Scaling group; ELBv2
 * target group attributes) unless said otherwise.
 */
import type { Capture } from './capture.ts';
import { fillCompute } from './default-compute.ts';
import { fillEcs } from './default-ecs.ts';
import { fillLoadBalancing } from './default-load-balancing.ts';
import type { Problem } from './problems.ts';

/** Fills the capture in place; what cannot be derived is a problem. Its references have been checked before. */
export function withDefaults(
  capture: Capture,
): { readonly capture: Capture } | { readonly problems: Problem[] } {
  const problems: Problem[] = [];
  // Hosts first: services count theirs, tasks take their zone.
  fillCompute(capture, problems);
  fillEcs(capture, problems);
  fillLoadBalancing(capture);
  return problems.length > 0 ? { problems } : { capture };
}
