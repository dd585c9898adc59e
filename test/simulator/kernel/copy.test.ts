import { describe, expect, it } from 'vitest';
import { copyOf, handOver, picture, viewOfPictures } from '../../../simulator/kernel/copy.ts';

describe('a copy that leaves the account', () => {
  it('shares nothing with what it was made of', () => {
    const truth = { at: new Date(5), bytes: new Uint8Array([1, 2]), list: [{ a: 1 }], none: undefined };
    const copy = copyOf(truth);
    expect(copy).toEqual({ at: new Date(5), bytes: new Uint8Array([1, 2]), list: [{ a: 1 }] });
    expect('none' in copy).toBe(false);
    copy.list[0] = { a: 2 };
    copy.bytes[0] = 9;
    copy.at.setTime(0);
    expect(truth.list[0]).toEqual({ a: 1 });
    expect(truth.bytes[0]).toBe(1);
    expect(truth.at.getTime()).toBe(5);
  });

  it('of a picture is made once, and nobody can write into it', () => {
    const told = picture({ taskArn: 'arn', containers: [{ name: 'web' }] });
    const first = copyOf({ tasks: [told] });
    const second = copyOf({ tasks: [told] });
    expect(second.tasks[0]).toBe(first.tasks[0]);
    expect(first.tasks[0]).not.toBe(told);
    expect(() => {
      (first.tasks[0] as { containers: { name: string }[] }).containers.push({ name: 'other' });
    }).toThrow(TypeError);
    expect(Object.isFrozen(told)).toBe(false);
    first.tasks.pop();
    expect(second.tasks).toHaveLength(1);
  });

  it('of a view of a picture is made once too', () => {
    const withoutTags = viewOfPictures((task: { arn: string; tags: string[] }) => ({ ...task, tags: [] }));
    const told = { arn: 'arn', tags: ['a'] };
    expect(withoutTags(told)).toBe(withoutTags(told));
    expect(copyOf(withoutTags(told))).toBe(copyOf(withoutTags(told)));
    expect(copyOf(withoutTags(told))).toEqual({ arn: 'arn', tags: [] });
    expect(withoutTags({ arn: 'arn', tags: ['a'] })).not.toBe(withoutTags(told));
  });

  it('of what was made for the caller is that very object', () => {
    const answer = handOver({ Item: { pk: { S: 'a' } } });
    expect(copyOf(answer)).toBe(answer);
  });
});
