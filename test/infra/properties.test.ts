import { App, Token } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { propertiesIn } from '../../infra/context.ts';
import { type RolloverProperties, readProperties } from '../../infra/properties.ts';
import { deployedStack } from './deployed.ts';

/** As somebody without a type checker writes them. */
const written = (properties: object) => properties as RolloverProperties;

describe('the properties', () => {
  it('change nothing of any cluster unless they say so', () => {
    expect(readProperties({})).toMatchObject({
      mode: 'observe',
      guardrails: { observeOnly: true },
      schedules: [],
      logRetentionDays: 90,
      architecture: 'arm64',
    });
  });

  it('fail synth with a sentence for each that is wrong, all at once', () => {
    const wrong = written({
      mode: 'rol',
      setings: {},
      settings: { surge: '150%', bakeSecond: 5 },
      guardrails: { neverForce: 'yes' },
      schedules: [{ expression: 'every tuesday', timeZone: 'Berlin', cluster: 'my cluster' }],
      operatedClusters: 'prod',
      notificationEmails: ['nobody'],
      logRetentionDays: 42,
    });
    const problems = [
      /mode: must be observe or act, not "rol"/,
      /setings: is not known here; did you mean settings\?/,
      /settings\.surge: must be .*, not "150%"/,
      /settings\.bakeSecond: .*did you mean bakeSeconds/,
      /guardrails\.neverForce: must be true or false, not "yes"/,
      /schedules\[0\]\.expression: must be an expression of EventBridge Scheduler, .*not "every tuesday"/,
      /schedules\[0\]\.timeZone: must be a time zone .*not "Berlin"/,
      /schedules\[0\]\.cluster: must be the name of an ECS cluster/,
      /operatedClusters: must be a list/,
      /notificationEmails\[0\]: must be an e-mail address/,
      /logRetentionDays: must be one of/,
    ];
    for (const problem of problems) expect(() => deployedStack(wrong)).toThrow(problem);
  });

  it('are judged together as well: settings against guardrails, guardrails against the mode', () => {
    const surge = {
      settings: { surge: '100%' },
      guardrails: { settings: { surge: { max: '50%' } } },
    } as const;
    expect(() => readProperties(surge)).toThrow(/surge: the deployment allows no more than 50%/);
    expect(() => readProperties({ mode: 'act', guardrails: { observeOnly: true } })).toThrow(
      /guardrails\.observeOnly: .* mode/,
    );
  });

  it('may come from another construct, known only once deployed', () => {
    const notificationTopicArn = Token.asString({ Ref: 'Topic' });
    expect(readProperties({ settings: { notificationTopicArn } }).settings).toEqual({ notificationTopicArn });
  });
});

describe('the context', () => {
  const read = (context: Record<string, unknown>) =>
    readProperties(
      propertiesIn(new App({ context: { 'aws:cdk:enable-path-metadata': true, ...context } }).node),
    );

  it('says the same by the same names, JSON where -c gives text', () => {
    const { mode, settings } = read({ mode: 'act', settings: '{"surge":"50%"}' });
    expect({ mode, settings }).toEqual({ mode: 'act', settings: { surge: '50%' } });
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ guardrail: {} }, /guardrail: is not known here; did you mean guardrails/],
    [{ settings: '{surge}' }, /settings: must be an object of settings/],
    [{ mode: 'true' }, /mode: must be observe or act/],
  ])('%j is refused', (context, problem) => {
    expect(() => read(context)).toThrow(problem);
  });
});
