/**
 * What faults must know of the run that they disturb. The account is AWS and knows no plan, so whoever runs something in
 * it says so here; each answer is asked for anew whenever it matters.
 */
export interface FaultContext {
  /** Hosts that the run set out to replace; empty until it has decided that. */
  outdated(): readonly string[];
  /** Literal ids of the images that the run rolls to, one per group at most; empty until it has decided that. */
  targetImages(): readonly string[];
}

/** Nothing runs yet, or nobody tells. */
export const NO_CONTEXT: FaultContext = { outdated: () => [], targetImages: () => [] };
