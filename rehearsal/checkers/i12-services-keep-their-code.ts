/**
 * I12: no image or task-definition change of a service as a side effect. Only services that a request, or a notice of AWS
 * Health about their tasks, names may get a new deployment, and one that starts what runs already: a tag that moved would
 * bring other code. Never another task definition, desired count, deployment configuration, strategy or whatever else makes
 * the service.
 */

import type { EventObservation } from '../../simulator/observation.ts';
import { inputOf, texts } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import { nameOf } from './chronicle.ts';

/** Faults and people who deploy change a service for good: the new definition is theirs. */
const DEPLOYING_FAULT = 'deploy-service';

/** Fields of UpdateService that leave the service's definition as it is; any other belongs to who owns the service. */
const HARMLESS_FIELDS = new Set(['cluster', 'service', 'forceNewDeployment']);

export const servicesKeepTheirCode: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I12', context.startedAtMs);
  const definitions = new Map(
    context.truth.services().map((service) => [service.serviceArn, service.taskDefinitionArn]),
  );
  const announced = new Set<string>();
  let othersDeploy = false;

  return {
    invariant: 'I12',
    violations: verdicts.violations,
    observe(observation, atMs) {
      if (observation.kind === 'event') for (const name of servicesIn(observation)) announced.add(name);
      if (observation.kind === 'fault' && observation.fault === DEPLOYING_FAULT) othersDeploy = true;
      if (observation.kind !== 'call' || !tookEffect(observation.answer)) return;
      const { operation, function: caller } = observation;
      const isDeployment = operation === 'ECS.UpdateService' || operation === 'ECS.CreateTaskSet';
      if (!isOurs({ kind: 'function', name: caller })) {
        if (isDeployment) othersDeploy = true;
        return;
      }
      if (operation === 'ECS.RegisterTaskDefinition')
        verdicts.add(atMs, operation, `${caller} registered a task definition`);
      if (!isDeployment) return;
      const input = inputOf(observation);
      const service = texts(input.service).map(nameOf)[0] ?? '';
      for (const field of Object.keys(input).filter((key) => !HARMLESS_FIELDS.has(key))) {
        const text = `${caller} set ${field} of ${service} to ${JSON.stringify(input[field])}`;
        verdicts.add(atMs, `${field} ${service}`, text);
      }
      if (
        input.forceNewDeployment === true &&
        !context.redeployable.has(service) &&
        !announced.has(service)
      ) {
        const text = `${caller} forced a new deployment of ${service}, which nobody asked for`;
        verdicts.add(atMs, `deployment ${service}`, text);
      }
    },
    end(truth) {
      if (othersDeploy) return;
      for (const { serviceArn, serviceName, taskDefinitionArn, codeChanges = 0 } of truth.services()) {
        if (codeChanges > 0)
          verdicts.add(
            truth.nowMs,
            `code ${serviceName}`,
            `a forced deployment of ${serviceName} started other code`,
          );
        const original = definitions.get(serviceArn);
        if (original === undefined || original === taskDefinitionArn) continue;
        const text = `${serviceName} ran ${original} at the start and has ${taskDefinitionArn} at the end`;
        verdicts.add(truth.nowMs, `definition ${serviceName}`, text);
      }
    },
  };
};

/** Services that a notice about Fargate tasks names, `cluster|service`, or whose standalone tasks it names. */
function servicesIn(event: EventObservation): string[] {
  // The detail of an event is made when somebody asks for it.
  if (event.source !== 'aws.health') return [];
  const { service, affectedEntities = [] } = (event.detail ?? {}) as {
    service?: string;
    affectedEntities?: readonly { entityValue?: string }[];
  };
  if (service !== 'ECS') return [];
  return affectedEntities.flatMap(
    ({ entityValue = '' }) => /^[^|/:]+[|/]([^|/:]+)$/.exec(entityValue)?.[1] ?? [],
  );
}
