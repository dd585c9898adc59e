/** What a request is for, in one short word: two requests with the same purpose are one piece of work. */
import { createHash } from 'node:crypto';
import type { Request } from '../edge/request.ts';

export function purposeOf({
  mode,
  image,
  instances,
  services,
  tasks,
}: Pick<Request, 'image' | 'instances' | 'services' | 'tasks'> & { readonly mode?: string }): string {
  if (mode === 'game-day') return `game-day-${shortHash(JSON.stringify([services, tasks]))}`;
  const hosts = instances === undefined ? 'outdated' : `hosts-${shortHash([...instances].sort().join())}`;
  return image === undefined ? hosts : `${hosts}-${shortHash(image)}`;
}

/** Twelve hexadecimal digits: enough to tell the causes of a cluster apart. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
