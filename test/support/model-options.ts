/** What a little world is made of. */

export interface ModelService {
  readonly name: string;
  readonly desired: number;
  readonly min?: number;
  readonly max?: number;
  readonly cpu?: number;
  readonly memoryMiB?: number;
  readonly daemon?: boolean;
  readonly ports?: readonly string[];
  readonly stopSeconds?: number;
}

export interface ModelOptions {
  readonly hosts: number;
  readonly zones?: readonly string[];
  readonly services: readonly ModelService[];
  readonly surge?: number;
  readonly maxSize?: number;
  readonly cpu?: number;
  readonly memoryMiB?: number;
  readonly pack?: 'spread' | 'binpack';
  /** Seconds from launch to InService and to registration; a host of the new image never joins with Infinity. */
  readonly registerSeconds?: (launch: number) => number;
  readonly standalone?: readonly { readonly host: number; readonly endsAtSeconds: number }[];
}
