/** I9: never touch what is not opted in or is owned by another manager: clusters, groups, hosts, templates. */
import type { CallObservation } from '../../simulator/observation.ts';
import { inputOf, isMutating, type Touched, taskNamed, texts, touchedBy } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';

export const onlyWhatOptedIn: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I9', context.startedAtMs);
  const groupsAtStart = context.truth.groups();

  return {
    invariant: 'I9',
    violations: verdicts.violations,
    observe(observation, atMs) {
      if (observation.kind !== 'call' || !isMutating(observation.operation)) return;
      if (!isOurs({ kind: 'function', name: observation.function }) || !tookEffect(observation.answer))
        return;
      for (const foreign of foreignIn(touchedIn(observation))) {
        const text = `${observation.operation} by ${observation.function} touched ${foreign}, which did not opt in or is another manager's`;
        verdicts.add(atMs, `${observation.operation} ${foreign}`, text);
      }
    },
  };

  /** A task that a game day may stop is its service's, wherever it runs: its host is not touched. */
  function touchedIn(call: CallObservation): Touched {
    const touched = touchedBy(call, context.chronicle);
    const task =
      call.operation === 'ECS.StopTask'
        ? texts(inputOf(call).task).map((task) => taskNamed(context.chronicle, task))[0]
        : undefined;
    const isRehearsed = task && context.rehearsable?.has(`${task.cluster}/${task.serviceName}`) === true;
    return isRehearsed ? { ...touched, groups: [], instanceIds: [] } : touched;
  }

  function foreignIn(touched: Touched): string[] {
    return [
      ...touched.clusters
        .filter((cluster) => !context.clusters.has(cluster))
        .map((name) => `cluster ${name}`),
      ...touched.groups.filter((group) => !context.groups.has(group)).map((name) => `group ${name}`),
      ...touched.instanceIds.filter(isForeignHost).map((instanceId) => `host ${instanceId}`),
      ...touched.launchTemplates.filter(isForeignTemplate).map((template) => `launch template ${template}`),
    ];
  }

  function isForeignHost(instanceId: string): boolean {
    if (context.handsOff.has(instanceId)) return true;
    const group = context.chronicle.hosts.get(instanceId)?.group;
    return typeof group !== 'string' || !context.groups.has(group);
  }

  function isForeignTemplate(template: string): boolean {
    const users = groupsAtStart.filter(({ launchSource }) => launchSource.includes(`"${template}"`));
    return !users.some(({ group }) => context.groups.has(group));
  }
};
