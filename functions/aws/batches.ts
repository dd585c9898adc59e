/** Batches within AWS's limits per call, and ids out of ARNs. */

export function* inBatches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** Runs one call per batch, all at once: the client's pace decides when each goes out. Answers keep the batches' order. */
export async function perBatch<T, R>(
  items: readonly T[],
  size: number,
  call: (batch: T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const answers = await Promise.all([...inBatches(items, size)].map(call));
  return answers.flat();
}

/** The id is the ARN's last part, in the old and the new ARN format alike; AWS's own events mix the two. */
export function idOf(arn: string | undefined): string {
  return arn === undefined ? '' : arn.slice(arn.lastIndexOf('/') + 1);
}

export function unique<T>(items: Iterable<T>): T[] {
  return [...new Set(items)];
}

/** Keeps what is there; for lists in which AWS leaves fields out. */
export function present<T>(items: readonly (T | undefined | null)[]): T[] {
  return items.filter((item): item is T => item !== undefined && item !== null);
}
