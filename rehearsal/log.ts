/**
 * The rehearsal's log, one JSON object per line, `t` in seconds from the start (public contract). Made from what the
 * account tells its watchers, so that moves, kills and health can be computed again from outside.
 */
import type { Observation } from '../simulator/observation.ts';
import type { Violation } from './result.ts';

export type LogLine = Readonly<Record<string, unknown>> & { readonly t: number; readonly kind: string };

/** The line of an observation; undefined for what only checkers need. */
export function logLineOf(observation: Observation, t: number): LogLine | undefined {
  switch (observation.kind) {
    case 'host': {
      const { instanceId, image, group, zone, state } = observation;
      return { t, kind: 'host', instanceId, image, group, zone, state };
    }
    case 'container-instance': {
      const { instanceId, status, agentConnected } = observation;
      return { t, kind: 'container-instance', instanceId, status, agentConnected };
    }
    case 'task': {
      const { taskArn, group, instanceId, lastStatus, desiredStatus, healthy, cause } = observation;
      const line = { t, kind: 'task', taskArn, group, instanceId, lastStatus, desiredStatus, healthy };
      return cause ? { ...line, cause } : line;
    }
    case 'service': {
      const { serviceName, desired, healthy } = observation;
      return { t, kind: 'service', serviceName, desired, healthy };
    }
    case 'call': {
      const { operation, answer } = observation;
      return { t, kind: 'call', function: observation.function, operation, answer };
    }
    case 'state':
      return { t, kind: 'state', execution: observation.execution, name: observation.name };
    case 'event': {
      // The detail is made when the log is written: there are thousands, and most rehearsals keep no log.
      return {
        t,
        kind: 'event',
        source: observation.source,
        'detail-type': observation.detailType,
        get detail() {
          return observation.detail;
        },
      };
    }
    case 'fault': {
      const { fault, instanceId } = observation;
      return { t, kind: 'fault', fault, ...(instanceId !== undefined && { instanceId }) };
    }
    case 'notification': {
      const { topic, subject, message } = observation;
      return { t, kind: 'notification', topic, ...(subject !== undefined && { subject }), message };
    }
    case 'lifecycle':
    case 'group':
    case 'execution':
      return undefined;
  }
}

export function violationLine(violation: Violation): LogLine {
  const { atSeconds, invariant, message } = violation;
  return { t: atSeconds, kind: 'violation', invariant, message };
}
