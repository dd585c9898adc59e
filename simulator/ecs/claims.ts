/** Room taken on a host: once as the control plane counts it, once as the agent does. */
import type { Needs } from './task-definition.ts';

/** What a host lacks, in the words of ECS's failure reasons. */
export type Shortage =
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:GPU'
  | 'RESOURCE:PORTS'
  | 'RESOURCE:ENI';

export class Claims {
  cpu = 0;
  memoryMiB = 0;
  gpus = 0;
  readonly tcp = new Map<number, number>();
  readonly udp = new Map<number, number>();

  add(needs: Needs): void {
    this.#apply(needs, 1);
  }

  remove(needs: Needs): void {
    this.#apply(needs, -1);
  }

  #apply(needs: Needs, sign: 1 | -1): void {
    this.cpu += sign * needs.cpu;
    this.memoryMiB += sign * needs.memoryMiB;
    this.gpus += sign * needs.gpus;
    for (const port of needs.tcpPorts) bump(this.tcp, port, sign);
    for (const port of needs.udpPorts) bump(this.udp, port, sign);
  }
}

/** The first thing that is missing, in the order in which ECS filters; undefined when it fits. */
export function shortageOf(
  size: {
    readonly cpu: number;
    readonly memoryMiB: number;
    readonly gpus: number;
    readonly ports: readonly string[];
    readonly udpPorts: readonly string[];
  },
  taken: Claims,
  needs: Needs,
): Shortage | undefined {
  if (size.cpu - taken.cpu < needs.cpu) return 'RESOURCE:CPU';
  if (size.memoryMiB - taken.memoryMiB < needs.memoryMiB) return 'RESOURCE:MEMORY';
  if (size.gpus - taken.gpus < needs.gpus) return 'RESOURCE:GPU';
  if (needs.tcpPorts.some((port) => taken.tcp.has(port) || size.ports.includes(String(port))))
    return 'RESOURCE:PORTS';
  if (needs.udpPorts.some((port) => taken.udp.has(port) || size.udpPorts.includes(String(port))))
    return 'RESOURCE:PORTS';
  return undefined;
}

function bump(counts: Map<number, number>, key: number, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
