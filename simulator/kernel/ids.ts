/** Identifiers as AWS makes them, from a random stream. */
import type { RandomStream } from './random.ts';

/** A UUID of version 4. */
export function uuid(stream: RandomStream): string {
  const variant = '89ab'.charAt(stream.integer(0, 3));
  return `${stream.hex(8)}-${stream.hex(4)}-4${stream.hex(3)}-${variant}${stream.hex(3)}-${stream.hex(12)}`;
}
