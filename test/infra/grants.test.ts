/** What the roles hold, against what AWS allows to narrow and against the page that tells it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BESIDES, FUNCTION_NAMES, grantsOf } from '../../infra/grants.ts';
import { iamPage } from '../../infra/iam-docs.ts';
import { permissionsOf } from '../../infra/people.ts';
import { NARROWED } from '../../infra/scopes.ts';

/** Resource types by action; none: it can only be granted on `*`. */
const REFERENCE = JSON.parse(
  readFileSync(new URL('./authorization-reference.json', import.meta.url), 'utf8'),
) as { readonly actions: Readonly<Record<string, readonly string[]>> };

/** Granted on `*` although the reference has a resource type, and why. */
const REVIEWED: Readonly<Record<string, string>> = {
  'ecs:ListTasks':
    'its resource is a host, which not every call names: narrowed by the condition ecs:cluster',
};

const all = [
  ...FUNCTION_NAMES.flatMap((name) => grantsOf(name).map((grant) => ({ of: name as string, grant }))),
  ...(['viewer', 'operator', 'breaker'] as const).flatMap((role) =>
    permissionsOf(role).map((grant) => ({ of: role as string, grant })),
  ),
];

describe('the grants', () => {
  it('stand on * only where the service authorization reference has nothing narrower', () => {
    const wide = all
      .filter(({ grant }) => grant.resources.includes('*'))
      .flatMap(({ of, grant }) =>
        grant.actions
          .filter((action) => REFERENCE.actions[action]?.length !== 0 && !(action in REVIEWED))
          .map((action) => `${of}: ${action}`),
      );
    expect(wide).toEqual([]);
    for (const action of Object.keys(REVIEWED)) {
      const scopes = all.filter(({ grant }) => grant.actions.includes(action));
      for (const { grant } of scopes) expect(grant.conditions).toBeDefined();
    }
  });

  it('are narrowed to resources of a service that the reference lists for the action', () => {
    const service = (resource: string) => resource.split(':')[2];
    const strange = all.flatMap(({ of, grant: { actions, resources } }) =>
      actions.flatMap((action) => {
        const types = REFERENCE.actions[action];
        const listed = new Set(types?.map(service));
        return resources
          .filter((resource) => resource.startsWith('arn:') && types?.[0]?.startsWith('arn:'))
          .filter((resource) => !listed.has(service(resource)))
          .map((resource) => `${of}: ${action} on ${resource}`);
      }),
    );
    expect(strange).toEqual([]);
  });

  it('name only actions that exist', () => {
    const unknown = all
      .flatMap(({ grant }) => grant.actions)
      .filter((action) => !(action in REFERENCE.actions));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('that no call needs have a reason and a source', () => {
    for (const { because, source } of BESIDES) {
      expect(because.length).toBeGreaterThan(20);
      expect(source).toMatch(/guide/);
    }
  });

  it('narrow only actions that somebody holds', () => {
    const held = new Set(FUNCTION_NAMES.flatMap((name) => grantsOf(name).flatMap(({ actions }) => actions)));
    expect(NARROWED.filter((action) => !held.has(action))).toEqual([]);
  });

  it('narrow every call that changes something to resources of this account', () => {
    const changing =
      /^(ecs|autoscaling|dynamodb|states|sns|events|iam|kms):(?!Describe|List|Get)|LaunchTemplate/;
    const everywhere = FUNCTION_NAMES.flatMap((name) => grantsOf(name))
      .filter(({ resources }) => resources.includes('*'))
      .flatMap(({ actions }) => actions)
      .filter((action) => changing.test(action) && !action.startsWith('ec2:Describe'));
    expect(everywhere).toEqual([]);
  });
});

it('docs/iam.md is what the grants say: node infra/iam-docs.ts > docs/iam.md', () => {
  expect(readFileSync(new URL('../../docs/iam.md', import.meta.url), 'utf8')).toBe(iamPage());
});
