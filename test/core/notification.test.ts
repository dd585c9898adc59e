import { describe, expect, it } from 'vitest';
import {
  chatMessageOf,
  mailOf,
  type Notification,
  textMessageOf,
  titleOf,
} from '../../functions/core/notification.ts';

const held: Notification = {
  kind: 'host-held',
  cluster: 'prod',
  runId: 'run-1',
  message: 'i-0abc is held: service web was unable to place a task',
  detail: { instanceId: 'i-0abc', blockedBy: { service: 'web' } },
};

describe('a notification', () => {
  it('is a mail that a person reads without a decoder, and says what next', () => {
    expect(mailOf(held)).toBe(`prod: host-held

i-0abc is held: service web was unable to place a task

Run: run-1

  instanceId: i-0abc
  blockedBy: {"service":"web"}

What next:
  rollover explain i-0abc --cluster prod
`);
  });

  // Source: Amazon Q Developer in chat applications administrator guide, custom-notifs, "Event schema".
  it('is what chat integrations show: their version, source and fields, all of them texts, one thread a run', () => {
    const chat = chatMessageOf(held) as Record<string, Record<string, unknown>>;
    expect(chat).toMatchObject({ version: '1.0', source: 'custom' });
    expect(Object.keys(chat).sort()).toEqual(['content', 'metadata', 'source', 'version']);
    const { nextSteps, keywords, ...content } = chat.content ?? {};
    const { relatedResources, additionalContext, ...metadata } = chat.metadata ?? {};
    const texts = [content, metadata, additionalContext, nextSteps, keywords, relatedResources].flatMap(
      (part) => Object.values(part as object),
    );
    expect(texts.filter((text) => typeof text !== 'string')).toEqual([]);
    expect(content).toMatchObject({ textType: 'client-markdown', description: held.message });
    const later = chatMessageOf({ ...held, kind: 'partial' }) as { metadata: { threadId: string } };
    expect(metadata.threadId).toBe(later.metadata.threadId);
  });

  it('stays short where the reader has little room', () => {
    const long = { ...held, message: 'x'.repeat(300_000) };
    expect(textMessageOf(long).length).toBeLessThanOrEqual(140);
    expect(JSON.stringify(chatMessageOf(long)).length).toBeLessThan(6_000);
    expect(titleOf({ ...held, kind: 'nothing_to_do' })).toBe('prod: nothing to do');
  });
});
