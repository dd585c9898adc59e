/** How long until the next look (decisions.md, "Pace"). */

/** ECS read calls that one look at the cluster costs, by the page sizes of the ECS API reference. */
export function readsPerLook(counts: {
  hosts: number;
  tasks: number;
  services: number;
  groups: number;
}): number {
  const pages = (items: number, size: number) => Math.ceil(items / size);
  return (
    2 * pages(counts.hosts, 100) +
    2 * pages(counts.tasks, 100) +
    11 * pages(counts.services, 100) +
    counts.groups +
    2
  );
}

/** Never more often than every 15 s, and never more than five reads a second: a quarter of ECS's 20 a second. */
export function tickSeconds(reads: number): number {
  return Math.max(15, Math.ceil(reads / 5));
}
