/**
 * What a campaign counts of one run, seen from outside: which faults fired, and where in the machine they struck. A fault
 * of calls (an error, a lost answer) strikes where the call was made, every other one where the machine stood.
 */
import type { Account } from '../../simulator/account.ts';
import type { Observation } from '../../simulator/observation.ts';

/** Where the machine stands before its first state, and after its last. */
const OUTSIDE = 'no execution';

export class CampaignWitness {
  /** Kind → how often it fired. */
  readonly fired = new Map<string, number>();
  /** `kind in State`. */
  readonly pairs = new Set<string>();
  readonly #states = new Map<string, string>();
  /** Error names that an `api-error` in force gives. */
  readonly #errors: ReadonlySet<unknown>;
  #account: Account | undefined;

  /** @param errors names of the errors that the run's `api-error` faults give */
  constructor(errors: readonly unknown[]) {
    this.#errors = new Set(errors);
  }

  watch(account: Account): void {
    this.#account = account;
    account.observe((observation) => this.#observe(observation));
  }

  /** Hosts that are DRAINING when all is over, but those that their group is ending: AWS drains them itself, or nobody. */
  drainingAtEnd(): string[] {
    const { truth } = this.#account ?? {};
    const ending = new Set(this.endingAtEnd());
    return (truth?.containerInstances() ?? [])
      .filter(({ status, instanceId }) => status === 'DRAINING' && !ending.has(instanceId))
      .map(({ instanceId }) => instanceId)
      .filter((instanceId) => truth?.host(instanceId)?.state === 'running');
  }

  /** Hosts that their group is ending when all is over, held by a hook, stopped ones too: gone for it, whoever ended them. */
  endingAtEnd(): string[] {
    return (this.#account?.truth.hosts() ?? [])
      .filter(({ lifecycleState }) => lifecycleState?.startsWith('Terminating') ?? false)
      .filter(({ state }) => state !== 'shutting-down' && state !== 'terminated')
      .map(({ instanceId }) => instanceId);
  }

  #observe(observation: Observation): void {
    switch (observation.kind) {
      case 'state':
        this.#states.set(observation.execution, observation.name);
        return;
      case 'execution':
        if (observation.status !== 'RUNNING') this.#states.delete(observation.execution);
        return;
      case 'fault':
        this.fired.set(observation.fault, (this.fired.get(observation.fault) ?? 0) + 1);
        this.#pair(observation.fault);
        return;
      case 'call':
        if (observation.function === 'outside') return;
        if (observation.answer === 'lost' && this.fired.has('lost-response')) this.#pair('lost-response');
        if (this.#errors.has(observation.answer) && this.fired.has('api-error')) this.#pair('api-error');
        return;
    }
  }

  #pair(kind: string): void {
    const states = [...this.#states.values()];
    for (const state of states.length === 0 ? [OUTSIDE] : states) this.pairs.add(`${kind} in ${state}`);
  }
}
